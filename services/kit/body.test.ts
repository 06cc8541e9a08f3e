import { Agent, request as send } from 'node:http'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultLimits, type Limits, type Listening } from './server.ts'
import { createTrial, streamBytes } from './trial.fixture.ts'

const limit = defaultLimits.bodyBytes
let server: Listening
let address: string

test.before(async () => {
  server = await createTrial({ name: 'trial' }).listen({ host: '127.0.0.1', port: 0 })
  address = `http://127.0.0.1:${server.port}`
})

test.after(async () => {
  await server.close()
})

async function post(path: string, body: Buffer | string, headers: Record<string, string> = {}): Promise<[number, unknown]> {
  const response = await fetch(`${address}${path}`, { method: 'POST', body: body as NonNullable<RequestInit['body']>, headers })
  return [response.status, await response.json()]
}

const packed = (body: string | Buffer, encoding = 'gzip') => [gzipSync(body), { 'content-encoding': encoding }] as const

test('a body that is packed with gzip is unpacked', async () => {
  assert.equal(await post('/echo', ...packed('{"a":"ü"}')), [200, { got: { a: 'ü' } }])
  assert.equal(await post('/echo', ...packed('{"a":1}', 'X-GZip')), [200, { got: { a: 1 } }])
  assert.equal(await post('/measure', ...packed('x'.repeat(limit * 2))), [200, { bytes: limit * 2 }])
})

test('a packed body that is empty is an empty body', async () => {
  assert.equal(await post('/echo', '', { 'content-encoding': 'gzip' }), [200, { got: 'nothing' }])
  assert.equal(await post('/echo', ...packed('')), [200, { got: 'nothing' }])
})

test('the limit counts what a body unpacks to', async () => {
  assert.is((await post('/echo', ...packed(`"${'x'.repeat(limit - 2)}"`)))[0], 200)
  const error = `The request body is longer than ${limit} bytes`
  assert.equal(await post('/echo', ...packed(`"${'x'.repeat(limit - 1)}"`)), [413, { error }])
  assert.equal(await post('/echo', ...packed(Buffer.alloc(50 * 1024 * 1024))), [413, { error }])
})

test('the limit counts what comes over the wire, also where it unpacks to nothing', async () => {
  const nothing = gzipSync('')
  const body = Buffer.concat(Array(Math.ceil(limit / nothing.length) + 1).fill(nothing))
  assert.is((await post('/echo', body, { 'content-encoding': 'gzip' }))[0], 413)
})

test('the limit of a stream counts both as well', async () => {
  const error = `The request body is longer than ${streamBytes} bytes`
  assert.equal(await post('/measure', Buffer.alloc(streamBytes)), [200, { bytes: streamBytes }])
  assert.equal(await post('/measure', Buffer.alloc(streamBytes + 1)), [413, { error }])
  assert.equal(await post('/measure', ...packed(Buffer.alloc(streamBytes + 1))), [413, { error }])
  const nothing = gzipSync('')
  const wire = Buffer.concat(Array(Math.ceil(streamBytes / nothing.length) + 1).fill(nothing))
  assert.equal(await post('/measure', wire, { 'content-encoding': 'gzip' }), [413, { error }])
})

for (const path of ['/echo', '/measure']) {
  test(`${path}: what is no gzip is a 400, and what is packed otherwise a 415`, async () => {
    const error = 'The request body is not gzip, as its content encoding says'
    assert.equal(await post(path, 'plain', { 'content-encoding': 'gzip' }), [400, { error }])
    assert.equal(await post(path, gzipSync('"whole"').subarray(0, 12), { 'content-encoding': 'gzip' }), [400, { error }])
    assert.equal(await post(path, 'x', { 'content-encoding': 'br' }), [
      415,
      { error: 'The content encoding is "br", expected gzip or none' },
    ])
  })

  test(`${path}: a client that leaves before its body is complete leaves the service well`, async () => {
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nContent-Encoding:`
    for (const encoding of ['identity', 'gzip']) {
      await new Promise<void>((resolve) => {
        const socket = connect(server.port, '127.0.0.1', () => socket.write(`${head} ${encoding}\r\n\r\nabc`, () => socket.destroy()))
        socket.once('close', () => resolve())
      })
    }
    let metrics = ''
    const seen = new RegExp(`route="${path}",code="499"\\} 2`)
    while (!seen.test(metrics)) metrics = await (await fetch(`${address}/metrics`)).text()
  })
}

test('a handler that stops reading answers at once, and the connection goes on', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const ask = () =>
    new Promise<{ text: string; port: number | undefined }>((resolve, reject) => {
      const request = send(`${address}/first`, { method: 'POST', agent }, async (response) => {
        const port = response.socket.localPort
        resolve({ text: Buffer.concat(await response.toArray()).toString(), port })
      })
      request.on('error', reject).end(Buffer.alloc(2_000_000))
    })
  const [first, second] = [await ask(), await ask()]
  assert.match(first.text, /^\{"bytes":\d+\}$/)
  assert.is(second.port, first.port)
  agent.destroy()
})

test('bodies that are too much together are a 503 with Retry-After, and their room comes back', async () => {
  const limits: Partial<Limits> = { bodiesBytes: 2500 }
  const small = await createTrial({ name: 'trial', limits }).listen({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${small.port}/echo`
  const held = send(url, { method: 'POST', headers: { 'content-length': '1200' } })
  held.write(`"${'x'.repeat(1100)}`)
  const ask = (bytes: number) => fetch(url, { method: 'POST', body: `"${'x'.repeat(bytes - 2)}"` })
  let refused = await ask(700)
  // The first one's part may not have arrived yet.
  while (refused.status === 200) refused = await ask(700)
  assert.is(refused.status, 503)
  assert.is(refused.headers.get('retry-after'), '1')
  assert.equal(await refused.json(), { error: 'The service has too much to do at the moment' })
  const answered = new Promise((resolve) => held.on('response', resolve))
  held.end(`${'x'.repeat(98)}"`)
  await answered
  for (let round = 0; round < 5; round++) assert.is((await ask(900)).status, 200)
  assert.is((await ask(1300)).status, 503)
  await small.close()
})

test('no body makes it fail, whatever its bytes and its encoding', async () => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((text) => Buffer.from(text)),
    fc.json().map((text) => gzipSync(text)),
    fc.json().map((text) => gzipSync(text).subarray(3)),
  )
  const request = fc.record({ path: fc.constantFrom('/echo', '/measure'), body: anything, encoding: fc.constantFrom('gzip', 'identity') })
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 20, maxLength: 20 }), async (requests) => {
      const answers = await Promise.all(
        requests.map(({ path, body, encoding }) => post(path, body, { 'content-encoding': encoding }).then(([status]) => status)),
      )
      assert.equal(
        answers.filter((status) => status !== 200 && status !== 400),
        [],
      )
    }),
    { numRuns: 50 },
  )
})

test.run()
