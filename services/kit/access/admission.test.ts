import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { runSmoke } from '../smoke.ts'
import { overHttp } from '../smoke-way.ts'
import { createTrial } from '../trial.fixture.ts'
import type { Access } from './access.ts'

const token = 'a-token-of-this-test-0123456789'
const bearer = { authorization: `Bearer ${token}` }

type Ask = (path: string, init?: RequestInit) => Promise<Response>

/** Runs a service with this access while `use` asks it. */
async function withService(own: Partial<Access>, use: (ask: Ask, port: number) => Promise<void>): Promise<void> {
  const access: Access = { guarded: 'nothing', token: undefined, rateLimit: undefined, trusted: [], ...own }
  const { port, close } = await createTrial({ name: 'trial', access, limits: { quietMs: 0 } }).listen({ host: '127.0.0.1', port: 0 })
  try {
    await use((path, init) => fetch(`http://127.0.0.1:${port}${path}`, init), port)
  } finally {
    await close()
  }
}

const guarded = { guarded: 'everything', token } as const

test('without the token everything is a JSON 401 but health, also what does not exist', () =>
  withService(guarded, async (ask) => {
    const told = []
    for (const path of ['/items/1', '/metrics', '/nowhere', '/%zz', '/health/', '/ready/x', '//health']) {
      const response = await ask(path)
      const body = await response.json()
      told.push([path, response.status, response.headers.get('www-authenticate')])
      if (response.status === 401) assert.equal(body, { error: 'This needs the token of the stage, as Authorization: Bearer TOKEN' })
    }
    // Polka takes a slash at the end for none.
    assert.equal(told, [
      ['/items/1', 401, 'Bearer'],
      ['/metrics', 401, 'Bearer'],
      ['/nowhere', 401, 'Bearer'],
      ['/%zz', 401, 'Bearer'],
      ['/health/', 200, null],
      ['/ready/x', 401, 'Bearer'],
      ['//health', 401, 'Bearer'],
    ])
    assert.equal([(await ask('/health')).status, (await ask('/ready')).status], [200, 200])
    assert.is((await ask('/health', { method: 'POST' })).status, 401)
  }))

test('with the token everything is as without a guard', () =>
  withService(guarded, async (ask) => {
    for (const authorization of [`Bearer ${token}`, `bearer ${token}`, `BEARER   ${token}`])
      assert.is((await ask('/items/1', { headers: { authorization } })).status, 200)
    assert.is((await ask('/metrics', { headers: bearer })).status, 200)
    assert.is((await ask('/nowhere', { headers: bearer })).status, 404)
    assert.is((await ask('/echo', { headers: bearer })).status, 405)
  }))

test('what only looks like the token is refused', () =>
  withService(guarded, async (ask) => {
    const wrong = ['', token, `Basic ${token}`, 'Bearer', 'Bearer ', `Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Bearer ${token} x`]
    for (const authorization of [...wrong, `Bearer ${token.toUpperCase()}`, `Bearer ${'x'.repeat(8000)}`])
      assert.is((await ask('/items/1', { headers: { authorization } })).status, 401, authorization.slice(0, 60))
    assert.is((await ask(`/items/1?access_token=${token}`)).status, 401)
  }))

test('a body is not waited for before a stranger is refused', () =>
  withService(guarded, async (_, port) => {
    const socket = connect(port, '127.0.0.1')
    socket.write('POST /echo HTTP/1.1\r\nHost: here\r\nContent-Length: 1000000\r\n\r\n{')
    const [head] = await once(socket, 'data')
    assert.match(String(head), /^HTTP\/1\.1 401 /)
    socket.destroy()
  }))

/** What a proxy of the machine has sent on for a stranger. */
const stranger = { 'x-forwarded-for': '203.0.113.9' }

test('guarded metrics are shown on the own network and to who has the token, and everything else to everybody', () =>
  withService({ guarded: 'metrics', token }, async (ask) => {
    assert.is((await ask('/metrics')).status, 200)
    for (const path of ['/metrics', '/metrics/']) assert.is((await ask(path, { headers: stranger })).status, 401)
    assert.is((await ask('/metrics', { method: 'HEAD', headers: stranger })).status, 401)
    assert.is((await ask('/metrics', { headers: { 'x-forwarded-for': '127.0.0.1' } })).status, 401)
    assert.is((await ask('/metrics', { headers: { ...stranger, ...bearer } })).status, 200)
    assert.is((await ask('/items/1', { headers: stranger })).status, 200)
  }))

test('whom a trusted proxy asks for decides whether it is the own network', () =>
  withService({ guarded: 'metrics', token, trusted: ['127.0.0.0/8'] }, async (ask) => {
    assert.is((await ask('/metrics', { headers: stranger })).status, 401)
    assert.is((await ask('/metrics')).status, 200)
  }))

test('guarded metrics without a token are shown on the own network only', () =>
  withService({ guarded: 'metrics' }, async (ask) => {
    for (const headers of [{}, bearer, { authorization: 'Bearer ' }, { authorization: 'Bearer undefined' }])
      assert.is((await ask('/metrics', { headers: { ...stranger, ...headers } })).status, 403)
    assert.is((await ask('/metrics')).status, 200)
    assert.is((await ask('/items/1')).status, 200)
  }))

test('a client beyond its limit gets a 429 that says when to come back, and health does not count', () =>
  withService({ rateLimit: { perSecond: 0.2, burst: 2 } }, async (ask) => {
    for (let number = 0; number < 5; number++) assert.is((await ask('/health')).status, 200)
    assert.equal([(await ask('/items/1')).status, (await ask('/nowhere')).status], [200, 404])
    const response = await ask('/items/1')
    assert.equal([response.status, response.headers.get('retry-after')], [429, '5'])
    assert.equal(await response.json(), { error: 'There were too many requests from this client' })
    assert.equal([(await ask('/health')).status, (await ask('/ready')).status], [200, 200])
  }))

test('guesses at the token are limited, and Prometheus is not', () =>
  withService({ ...guarded, rateLimit: { perSecond: 0.2, burst: 3 } }, async (ask) => {
    const guess = { headers: { authorization: 'Bearer a-guess-at-the-token' } }
    const statuses = []
    for (let number = 0; number < 5; number++) statuses.push((await ask('/items/1', guess)).status)
    assert.equal(statuses, [401, 401, 401, 429, 429])
    const metrics = await ask('/metrics', { headers: bearer })
    assert.is(metrics.status, 200)
    assert.match(await metrics.text(), /http_request_duration_seconds_count\{method="GET",route="\/items\/:id",code="429"\} 2/)
  }))

test('clients behind a trusted proxy are limited each by its own address, and handlers see that', () =>
  withService({ rateLimit: { perSecond: 0.2, burst: 1 }, trusted: ['127.0.0.0/8'] }, async (ask) => {
    const from = (address: string) => ask('/items/1', { headers: { 'x-forwarded-for': address } })
    const first = await from('203.0.113.1')
    assert.is(((await first.json()) as { sourceIp: string }).sourceIp, '203.0.113.1')
    assert.is((await from('203.0.113.1')).status, 429)
    assert.is((await from('198.51.100.9, 203.0.113.1')).status, 429)
    assert.is((await from('203.0.113.2')).status, 200)
    assert.is((await from('2001:db8::1')).status, 200)
    assert.is((await from('2001:db8::2')).status, 429)
  }))

test('the smoke checks of a guarded service bring the token, and look whether strangers are refused', async () => {
  await withService(guarded, async (_, port) => {
    const address = `http://127.0.0.1:${port}`
    const results = await runSmoke({ address, service: 'trial', checks: [], access: guarded })
    assert.equal(
      results.map(({ name, ok }) => [name, ok]),
      [
        ['it is healthy', true],
        ['it shows its metrics', true],
        ['an unknown path is a JSON 404', true],
        ['a stranger does not see its metrics', true],
        ['a stranger does not get in', true],
      ],
    )
  })
  await withService({}, async (_, port) => {
    const results = await runSmoke({ address: `http://127.0.0.1:${port}`, service: 'trial', checks: [], access: guarded })
    assert.equal(
      results.filter(({ ok }) => !ok).map(({ name, expected, got }) => [name, expected, got.slice(0, 10)]),
      [
        ['a stranger does not see its metrics', 'status 401', 'status 200'],
        ['a stranger does not get in', 'status 401', 'status 404'],
      ],
    )
  })
})

test('metrics that are shown on the own network only are among the smoke checks there, and not elsewhere', () =>
  withService({ guarded: 'metrics' }, async (_, port) => {
    const address = `http://127.0.0.1:${port}`
    const results = await runSmoke({ address, service: 'trial', checks: [], access: { guarded: 'metrics', token: undefined } })
    assert.equal(
      results.map(({ name, ok }) => [name, ok]),
      [
        ['it is healthy', true],
        ['it shows its metrics', true],
        ['an unknown path is a JSON 404', true],
        ['a stranger does not see its metrics', true],
      ],
    )
    const elsewhere = { ...overHttp(address, undefined, 5000), ownNetwork: false }
    const seen = await runSmoke({ address: elsewhere, service: 'trial', checks: [], access: { guarded: 'metrics', token: undefined } })
    assert.not.ok(seen.some(({ name }) => name === 'it shows its metrics'))
  }))

test('smoke checks wait as long as a limited service asks for', () =>
  withService({ rateLimit: { perSecond: 2, burst: 1 } }, async (_, port) => {
    const results = await runSmoke({ address: `http://127.0.0.1:${port}`, service: 'trial', checks: [] })
    assert.equal(
      results.filter(({ ok }) => !ok),
      [],
    )
  }))

test.run()
