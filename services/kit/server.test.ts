import { METHODS } from 'node:http'
import { connect } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultLimits, type Limits, type Listening } from './server.ts'
import { talk } from './talk.fixture.ts'
import { createTrial } from './trial.fixture.ts'

const limit = defaultLimits.bodyBytes

/** Runs `work` against the trial service in this process. */
async function serving(limits: Partial<Limits>, work: (server: Listening, address: string) => Promise<void>): Promise<void> {
  const server = await createTrial({ name: 'trial', limits }).listen({ host: '127.0.0.1', port: 0 })
  try {
    await work(server, `http://127.0.0.1:${server.port}`)
  } finally {
    await server.close()
  }
}

const post = (body: string) => ({ method: 'POST', body })

test('a body of exactly the limit is taken, one byte more is a 413', () =>
  serving({}, async (_, address) => {
    const fits = await fetch(`${address}/echo`, post(`"${'x'.repeat(limit - 2)}"`))
    assert.is(fits.status, 200)
    await fits.arrayBuffer()
    const long = await fetch(`${address}/echo`, post(`"${'x'.repeat(limit - 1)}"`))
    assert.is(long.status, 413)
    assert.equal(await long.json(), { error: `The request body is longer than ${limit} bytes` })
  }))

test('a body without a stated length is counted as it arrives, and the connection goes on after the 413', () =>
  serving({}, async (server) => {
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    const head = 'POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
    const next = 'GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
    const got = await talk(server.port, `${head}${chunk.repeat(20)}0\r\n\r\n${next}`)
    assert.match(got, /^HTTP\/1\.1 413 /)
    assert.match(got, '"status":"healthy"')
  }))

test('what is no HTTP is a JSON 400', () =>
  serving({}, async (server) => {
    const got = await talk(server.port, 'nonsense\r\n\r\n')
    assert.match(got, /^HTTP\/1\.1 400 Bad Request\r\n/)
    assert.ok(got.endsWith('{"error":"Bad Request"}'))
  }))

test('a head that is too large is a JSON 431', () =>
  serving({}, async (server) => {
    const got = await talk(server.port, `GET / HTTP/1.1\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`)
    assert.match(got, /^HTTP\/1\.1 431 /)
    assert.match(got, '{"error":"Request Header Fields Too Large"}')
  }))

test('a head that does not come to its end is a 408', () =>
  serving({ headMs: 100, requestMs: 200 }, async (server) => {
    assert.match(await talk(server.port, 'GET / HTTP/1.1\r\nX-Slow: '), /^HTTP\/1\.1 408 Request Timeout\r\n/)
  }))

test('a body that does not come to its end is a 408', () =>
  serving({ headMs: 100, requestMs: 200 }, async (server) => {
    const got = await talk(server.port, 'POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{"a"')
    assert.match(got, /^HTTP\/1\.1 408 Request Timeout\r\n/)
  }))

test('a request with two hosts, or without one from HTTP/1.1 on, is a JSON 400', () =>
  serving({}, async (server) => {
    const rest = 'Connection: close\r\n\r\n'
    for (const head of ['1.1\r\nHost: a\r\nhOST: a', '1.1\r\nHost: a\r\nX: y\r\nHost: b', '1.1\r\nX: y', '1.0\r\nHost: a\r\nHost: b']) {
      const got = await talk(server.port, `GET /health HTTP/${head}\r\n${rest}`)
      assert.match(got, /^HTTP\/1\.1 400 Bad Request\r\n/)
      assert.ok(got.endsWith('{"error":"A request says once for which host it is, in a Host header"}'), got)
    }
    assert.match(await talk(server.port, `GET /health HTTP/1.0\r\n${rest}`), /^HTTP\/1\.1 200 /)
  }))

test('nonsense after an answer that has begun is not answered into it', () =>
  serving({}, async (server) => {
    const got = await talk(server.port, 'GET /endless HTTP/1.1\r\nHost: x\r\n\r\n', (socket) => socket.write('nonsense\r\n\r\n'))
    assert.match(got, /^HTTP\/1\.1 200 /)
    assert.not.match(got, 'Bad Request')
  }))

test('a client that leaves before its body is complete leaves the service well', () =>
  serving({}, async (server, address) => {
    await talk(server.port, 'POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n{"a"', (socket) =>
      socket.destroy(),
    )
    let metrics = ''
    while (!metrics.includes('route="/echo",code="499"')) metrics = await (await fetch(`${address}/metrics`)).text()
  }))

test('a body that is refused by its length is answered also where the connection closes, while the client still sends', () =>
  serving({}, async (server) => {
    const bytes = 4 * 1024 * 1024
    const head = `POST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${bytes}\r\n\r\n`
    const ask = () =>
      new Promise<string>((resolve) => {
        let got = ''
        let left = bytes
        const socket = connect(server.port, '127.0.0.1', () => socket.write(head, send))
        // Slowly: on its way there is always something.
        const send = () => {
          left -= 0x10000
          if (left >= 0 && !socket.destroyed) socket.write(Buffer.alloc(0x10000), () => setImmediate(send))
        }
        socket.on('data', (piece) => {
          got += piece
        })
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(String(error.code)))
        socket.on('close', () => resolve(got))
      })
    const answers = await Promise.all(Array.from({ length: 40 }, ask))
    assert.equal(
      answers.filter((answer) => !/^HTTP\/1\.1 413 .*"error"/s.test(answer)),
      [],
    )
  }))

test('an unknown path, too, is answered before its body has come, and nonsense before it ends', () =>
  serving({}, async (server) => {
    const body = 'x'.repeat(3_000_000)
    const head = `POST /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`
    for (let round = 0; round < 10; round++) {
      assert.match(await talk(server.port, head + body), /^HTTP\/1\.1 404 /)
      assert.match(await talk(server.port, `nonsense\r\n\r\n${body}`), /^HTTP\/1\.1 400 /)
    }
  }))

test('methods that nobody uses are one series, however many there are', () =>
  serving({}, async (server, address) => {
    const odd = METHODS.filter((method) => !['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT'].includes(method))
    for (const method of odd) {
      const got = await talk(server.port, `${method} /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
      assert.match(got, /^HTTP\/1\.1 405 /)
    }
    const metrics = await (await fetch(`${address}/metrics`)).text()
    assert.match(metrics, `http_request_duration_seconds_count{method="other",route="unmatched",code="405"} ${odd.length}\n`)
    for (const method of odd) assert.not.match(metrics, `"${method}"`)
  }))

test('two services in one process have metrics of their own', () =>
  serving({}, (_, first) =>
    serving({}, async (_, second) => {
      await (await fetch(`${first}/items/1`)).arrayBuffer()
      assert.match(await (await fetch(`${first}/metrics`)).text(), 'route="/items/:id"')
      assert.not.match(await (await fetch(`${second}/metrics`)).text(), 'route="/items/:id"')
    }),
  ))

test('closing twice closes once', async () => {
  let closed = 0
  const service = createTrial({ name: 'trial' }).onClose(() => {
    closed++
  })
  const server = await service.listen({ host: '127.0.0.1', port: 0 })
  assert.equal(await Promise.all([server.close(), server.close()]), [0, 0])
  assert.is(closed, 1)
})

test.run()
