import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fields, secondsSinceTheEpoch } from './fields.ts'
import { type Check, type Result, runSmoke } from './smoke.ts'
import { createTrial } from './trial.fixture.ts'

const checks: Check[] = [
  { name: 'it shows an item', path: '/items/7?colour=red', expect: { status: 200, body: fields({ id: '7', colour: 'red' }) } },
  {
    name: 'it shows the item that an earlier answer named',
    path: (answers) => `/items/${(answers.get('it shows an item')!.body as { id: string }).id}`,
    expect: { status: 200, body: fields({ id: '7' }) },
  },
  { name: 'it echoes', method: 'POST', path: '/echo', body: { a: 1 }, expect: { status: 200 } },
  { name: 'it refuses a broken text', method: 'POST', path: '/echo', body: '{', expect: { status: 400, body: fields({ error: /JSON/ }) } },
]

/** Runs the checks against a server that answers like this. */
async function against(listener: RequestListener, timeoutMs = 5000): Promise<Result[]> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    return await runSmoke({ address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, service: 'trial', checks, timeoutMs })
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const json = (status: number, text: string): RequestListener => {
  return (_, response) => response.writeHead(status, { 'content-type': 'application/json' }).end(text)
}

test('a service that is well passes all checks, the common ones first', async () => {
  const { port, close } = await createTrial({ name: 'trial' }).listen({ host: '127.0.0.1', port: 0 })
  const results = await runSmoke({ address: `http://127.0.0.1:${port}`, service: 'trial', checks })
  await close()
  assert.equal(
    results.map(({ name, ok }) => [name, ok]),
    [
      ['it is healthy', true],
      ['it shows its metrics', true],
      ['an unknown path is a JSON 404', true],
      ['it shows an item', true],
      ['it shows the item that an earlier answer named', true],
      ['it echoes', true],
      ['it refuses a broken text', true],
    ],
  )
  assert.is(results[0]?.expected, 'status 200')
  assert.is(results[0]?.got, 'status 200: {"status":"healthy","service":"trial"}')
  assert.ok(results.every(({ milliseconds }) => milliseconds > 0 && milliseconds < 5000))
})

test('another service at the address fails by its name', async () => {
  const [health, metrics] = await against(json(200, '{"status":"healthy","service":"other"}'))
  assert.is(health?.ok, false)
  assert.is(health?.expected, 'status 200 and another body: service is "other", expected "trial"')
  assert.is(metrics?.expected, 'status 200 and another body: http_request_duration_seconds is not among the metrics')
})

test('a wrong status fails, and every check is still made', async () => {
  const results = await against(json(500, '{"error":"no"}'))
  assert.is(results.length, 7)
  assert.equal(
    results.map(({ ok }) => ok),
    results.map(() => false),
  )
  assert.is(results[0]?.got, 'status 500: {"error":"no"}')
})

test('an answer that says it is JSON and is not fails', async () => {
  const [health] = await against(json(200, 'oops'))
  assert.is(health?.ok, false)
  assert.match(health?.got ?? '', 'not valid JSON')
})

test('a server that does not answer in time fails', async () => {
  const results = await against(() => {}, 50)
  assert.ok(results.every(({ ok, got }) => !ok && /timeout|undefined/.test(got)))
})

test('an address where nothing listens fails with the reason', async () => {
  const { port, close } = await createTrial({ name: 'trial' }).listen({ host: '127.0.0.1', port: 0 })
  await close()
  const [health] = await runSmoke({ address: `http://127.0.0.1:${port}`, service: 'trial', checks: [] })
  assert.match(health?.got ?? '', `fetch failed: connect ECONNREFUSED 127.0.0.1:${port}`)
})

test('fields tells the first one that is not as expected', () => {
  const check = fields({ a: 1, b: /^x/, c: secondsSinceTheEpoch })
  const now = Date.now() / 1000
  assert.is(check({ a: 1, b: 'xy', c: now, more: true }), undefined)
  assert.is(check({ a: 2, b: 'xy', c: now }), 'a is 2, expected 1')
  assert.is(check({ a: 1, c: now }), 'b is nothing, expected /^x/')
  assert.is(check({ a: 1, b: 'x', c: 1000 }), 'c is 1000, expected secondsSinceTheEpoch')
  assert.is(check(null), 'expected a JSON object, got null')
  assert.is(fields({ a: 'short' })({ a: 'x'.repeat(300) }), `a is "${'x'.repeat(199)}…, expected "short"`)
})

test.run()
