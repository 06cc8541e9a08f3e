import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Child, startChild, stopChild, written } from './child.fixture.ts'

const entry = `${import.meta.dirname}/trial.fixture.ts`
let trial: Child

test.before(async () => {
  trial = await startChild(entry, { SERVICE_NAME: 'trial-run' })
})

test.after(() => stopChild(trial))

// biome-ignore lint/suspicious/noExplicitAny: each test knows the shape of its answer
type Json = any

/** What came back, with the body parsed. */
async function ask(path: string, init: RequestInit = {}) {
  const response = await fetch(`${trial.address}${path}`, init)
  return { status: response.status, headers: response.headers, body: (await response.json()) as Json }
}

test('a value is answered as JSON, with parameters decoded and the query parsed', async () => {
  const { status, headers, body } = await ask('/items/a%20b?colour=red')
  assert.is(status, 200)
  assert.is(headers.get('content-type'), 'application/json; charset=utf-8')
  assert.is(headers.get('x-content-type-options'), 'nosniff')
  assert.equal(body, { id: 'a b', colour: 'red', sourceIp: '127.0.0.1' })
})

test('the source address is that of the connection, whatever headers claim', async () => {
  const { body } = await ask('/items/1', { headers: { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9' } })
  assert.is(body.sourceIp, '127.0.0.1')
})

test('health shows the name that the service was given', async () => {
  assert.equal((await ask('/health')).body, { status: 'healthy', service: 'trial-run' })
})

test('a JSON body comes in parsed, and an empty one as nothing', async () => {
  assert.equal((await ask('/echo', { method: 'POST', body: '{"a":[1,"ü"]}' })).body, { got: { a: [1, 'ü'] } })
  assert.equal((await ask('/echo', { method: 'POST' })).body, { got: 'nothing' })
  assert.equal((await ask('/echo', { method: 'POST', body: ' \n' })).body, { got: 'nothing' })
})

test('malformed JSON and malformed UTF-8 are a 400 that says so', async () => {
  const json = await ask('/echo', { method: 'POST', body: '{"a":' })
  assert.is(json.status, 400)
  assert.equal(json.body, { error: 'The request body is malformed JSON' })
  const utf8 = await ask('/echo', { method: 'POST', body: Buffer.from([0x22, 0xff, 0x22]) })
  assert.is(utf8.status, 400)
  assert.equal(utf8.body, { error: 'The request body is malformed: it is not UTF-8' })
})

test('an HttpError is told to the client, with its status and headers', async () => {
  const { status, headers, body } = await ask('/teapot')
  assert.is(status, 418)
  assert.is(headers.get('x-handle'), 'here')
  assert.equal(body, { error: 'short and stout' })
})

test('any other error is a 500 that shows nothing, and one JSON line in the log that shows all', async () => {
  const { status, body } = await ask('/broken')
  assert.is(status, 500)
  assert.equal(body, { error: 'Internal server error' })
  await written(trial, 'swordfish')
  const line = trial
    .output()
    .split('\n')
    .find((text) => text.includes('swordfish'))
  const { level, service, message, method, route, error } = JSON.parse(line ?? '{}')
  assert.equal(
    { level, service, message, method, route },
    { level: 'error', service: 'trial-run', message: 'a request failed', method: 'GET', route: '/broken' },
  )
  assert.match(error, /^Error: the password is swordfish\n +at /)
})

test('a handler that returns nothing is a bug, not an empty answer', async () => {
  assert.is((await ask('/nothing')).status, 500)
})

test('an unknown path is a JSON 404', async () => {
  const { status, body } = await ask('/nowhere')
  assert.is(status, 404)
  assert.equal(body, { error: 'Path not found: /nowhere' })
})

test('a path that is not decodable is a JSON 404', async () => {
  assert.is((await ask('/%zz')).status, 404)
})

test('a wrong method is a 405 that names the right one', async () => {
  const { status, headers, body } = await ask('/echo')
  assert.is(status, 405)
  assert.is(headers.get('allow'), 'POST')
  assert.equal(body, { error: 'GET is not supported here, only POST' })
})

test('HEAD answers as GET, without a body', async () => {
  const response = await fetch(`${trial.address}/health`, { method: 'HEAD' })
  assert.is(response.status, 200)
  assert.is(await response.text(), '')
})

test('a streamed answer arrives whole', async () => {
  assert.equal((await ask('/stream')).body, [0, 1, 2])
})

test('a streamed answer that breaks off is cut, so that the client notices', async () => {
  const response = await fetch(`${trial.address}/half`)
  assert.is(response.status, 200)
  assert.match(await response.text().catch((error: Error) => `cut: ${error.message}`), /^cut: /)
  await written(trial, 'the disk is gone')
})

test('others are answered while a long answer is made for a client that takes all of it at once', async () => {
  const response = await fetch(`${trial.address}/costly`)
  let ended = false
  const text = response.text().then((all) => {
    ended = true
    return all
  })
  await ask('/health')
  assert.is(ended, false)
  assert.is((await text).trim().split('\n').length, 200)
})

test('a client that leaves in the middle of a stream is no error, and the stream ends', async () => {
  const leave = new AbortController()
  const response = await fetch(`${trial.address}/endless`, { signal: leave.signal })
  const reader = response.body!.getReader()
  await reader.read()
  leave.abort()
  await reader.read().catch(() => {})
  let metrics = ''
  while (!metrics.includes('route="/endless",code="499"')) metrics = await (await fetch(`${trial.address}/metrics`)).text()
  assert.not.match(trial.output(), '/endless')
})

test('requests are counted by route pattern, never by path', async () => {
  await ask('/items/1')
  await ask('/items/2')
  const metrics = await (await fetch(`${trial.address}/metrics`)).text()
  assert.match(metrics, /http_request_duration_seconds_count\{method="GET",route="\/items\/:id",code="200"\} \d/)
  assert.match(metrics, /http_request_duration_seconds_count\{method="GET",route="unmatched",code="404"\} \d/)
  assert.match(metrics, /http_request_duration_seconds_count\{method="GET",route="\/broken",code="500"\} 1/)
  assert.not.match(metrics, 'items/1')
  assert.match(metrics, 'process_cpu_seconds_total')
  // The scrape itself is the one request that is under way.
  assert.match(metrics, /^http_requests_in_flight 1$/m)
})

test.run()
