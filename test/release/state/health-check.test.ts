import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Port } from '../../../src/release/stage/ports.ts'
import { checkHealth, checkPublicPorts, whySilent } from '../../../src/release/state/health-check.ts'
import type { Event } from '../../../src/report/event.ts'
import { errorOf, freePort } from '../../support/cloud.ts'
import { serving } from '../serving.fixture.ts'

const { signal } = new AbortController()
const portOf = (port: number, expose: Port['expose'] = 'public'): Port => ({
  name: 'web',
  kind: 'service',
  port,
  expose,
  health: '/health',
  demandsToken: false,
})

test('only 200 is healthy, a redirect is not, and a port that nobody has is told by the reason', async () => {
  const answers: Record<string, number> = { '/health': 200, '/moved': 302, '/broken': 503 }
  await serving(
    (request, response) => response.writeHead(answers[request.url!]!, { location: '/health' }).end('text'),
    async (port) => {
      assert.equal(await checkHealth('127.0.0.1', portOf(port)), { healthy: true, seen: 'HTTP 200' })
      assert.equal(await checkHealth('127.0.0.1', { ...portOf(port), health: '/moved' }), { healthy: false, seen: 'HTTP 302 text' })
      assert.equal(await checkHealth('127.0.0.1', { ...portOf(port), health: '/broken' }), { healthy: false, seen: 'HTTP 503 text' })
    },
  )
  assert.equal(await checkHealth('127.0.0.1', portOf(await freePort())), { healthy: false, seen: 'ECONNREFUSED' })
})

test('a port that answers late is waited for, and what is not open to the world is left to the machine', async () => {
  let asked = 0
  const told: Event[] = []
  await serving(
    (_, response) => response.writeHead(++asked < 3 ? 503 : 200).end(),
    async (port) => {
      const ports = [portOf(port), { ...portOf(1, 'nobody'), name: 'prometheus' }, { ...portOf(2, ['192.0.2.0/24']), name: 'grafana' }]
      await checkPublicPorts('127.0.0.1', ports, 'verify', signal, (event) => told.push(event), anybody, well)
      const shown = told.map(({ step, state, detail }) => [step, state, detail].filter(Boolean).join(' '))
      assert.equal(shown, [
        'web started',
        'prometheus skipped not open to the world: checked on the machine',
        'grafana skipped not open to the world: checked on the machine',
        'web progress HTTP 503',
        'web progress HTTP 503',
        `web done http://127.0.0.1:${port}`,
      ])
    },
  )
})

test('what is to demand a token and lets a stranger in does not pass, and what refuses him does', async () => {
  const check = (status: number) =>
    serving(
      ({ url }, response) => response.writeHead(url === '/health' ? 200 : status).end('here'),
      (port) => checkPublicPorts('127.0.0.1', [{ ...portOf(port), demandsToken: true }], 'verify', signal, () => undefined, anybody, well),
    )
  await check(401)
  await check(429)
  for (const status of [200, 404, 500]) {
    const failure = await errorOf(check(status))
    assert.is(failure.message, `web is to demand a token, but this is what a stranger gets: HTTP ${status}${status === 200 ? '' : ' here'}`)
  }
})

test('an interrupted check ends at once', async () => {
  const aborter = new AbortController()
  const emit = ({ state }: Event) => (state === 'progress' ? aborter.abort(new Error('stop')) : undefined)
  const check = checkPublicPorts('127.0.0.1', [portOf(await freePort())], 'verify', aborter.signal, emit, anybody, well)
  assert.is((await errorOf(check)).name, 'AbortError')
})

/** Nothing is known of what an answer carries. */
const anybody = () => undefined

const well = async () => ({ restarts: 0, outOfMemory: false, log: ['listening'] })

test('a service that is silent from outside is told with its last lines, and the network is blamed only where it runs', async () => {
  const url = 'http://192.0.2.1:8001/health'
  const blocked = await whySilent(portOf(8001), url, 'ETIMEDOUT', well)
  assert.is(blocked.message, 'web is healthy on its machine but does not answer from outside: ETIMEDOUT')
  assert.equal([blocked.details.on, blocked.details.log, blocked.details.next], [url, ['listening'], `curl -v ${url}`])
  const ended = await whySilent(portOf(8001), url, 'ECONNREFUSED', async () => ({ ...(await well()), restarts: 2 }))
  assert.is(ended.message, 'web got healthy on its machine, but ended after that (it was started again 2 times): ECONNREFUSED')
  assert.match(ended.details.likely!, 'look at its last lines above')
  const starved = await whySilent(portOf(8001), url, 'ECONNREFUSED', async () => ({ ...(await well()), outOfMemory: true }))
  assert.match(starved.details.likely!, 'raise memoryMiB')
  const unknown = await whySilent(portOf(8001), url, 'ETIMEDOUT', () => Promise.reject(new Error('the agent is gone')))
  assert.equal(unknown.details.log, ['Its log could not be read: the agent is gone'])
})

test('where a service answers with the identity of its launch, an answer of anybody else is none', async () => {
  let id: string | undefined = '7-abc'
  await serving(
    (_, response) => response.writeHead(200, id === undefined ? {} : { 'x-release-id': id }).end(),
    async (port) => {
      assert.equal(await checkHealth('127.0.0.1', portOf(port), '7-abc'), { healthy: true, seen: 'HTTP 200' })
      assert.is((await checkHealth('127.0.0.1', portOf(port))).healthy, true)
      id = '7-def'
      const other = { healthy: false, seen: 'HTTP 200 from another launch, 7-def instead of 7-abc' }
      assert.equal(await checkHealth('127.0.0.1', portOf(port), '7-abc'), other)
      const failure = await whySilent(portOf(port), 'http://127.0.0.1/health', other.seen, well)
      assert.is(failure.message, `web is healthy on its machine, but something else answers from outside: ${other.seen}`)
      id = undefined
      assert.equal(await checkHealth('127.0.0.1', portOf(port), '7-abc'), { healthy: false, seen: 'HTTP 200 from another program' })
      id = '7-abc'
      await checkPublicPorts(
        '127.0.0.1',
        [portOf(port)],
        'promote',
        signal,
        () => undefined,
        () => '7-abc',
        well,
      )
    },
  )
})

test.run()
