import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { endAfterBody } from '../../../src/local/api/answer-early.ts'

/** What a client sees that sends `size` bytes of a body and only then reads; the body is refused at its first byte. */
async function answered(size: number, limits: { bytes: number; ms: number }, announced = size): Promise<string> {
  const server = createServer((request, response) => {
    request.once('data', () => {
      request.pause()
      endAfterBody(request, response.writeHead(413, { 'content-length': 7 }), 'too big', limits)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await new Promise((resolve) => {
      let text = ''
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
      socket.pause()
      socket.write(`POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${announced}\r\n\r\n`)
      socket.write(Buffer.alloc(size), () => socket.resume())
      socket.on('data', (chunk) => {
        text += chunk
      })
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
      socket.on('close', () => resolve(text))
    })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

test('a client that sends to the end before it reads finds its answer', async () => {
  assert.match(await answered(30_000_000, { bytes: 64_000_000, ms: 60_000 }), /^HTTP\/1.1 413 [\s\S]*too big/)
})

test('a client that sends on and on, or says that it will and does not, is cut off', async () => {
  assert.match(await answered(60_000_000, { bytes: 1_000_000, ms: 60_000 }), /^(ECONNRESET|EPIPE|)$/)
  const started = performance.now()
  await answered(1000, { bytes: 1_000_000, ms: 200 }, 1_000_000)
  assert.ok(performance.now() - started < 30_000)
})

test.run()
