import { rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Clients } from '../../../src/aws/clients.ts'
import type { Port } from '../../../src/release/stage/ports.ts'
import { checkHealth, checkPublicPorts, whySilent } from '../../../src/release/state/health-check.ts'
import type { StageState } from '../../../src/release/state/stage-state.ts'
import { verifyStage } from '../../../src/release/verify.ts'
import type { Event } from '../../../src/report/event.ts'
import type { Failure } from '../../../src/report/failure.ts'
import { errorOf, freePort } from '../../aws/cloud.fixture.ts'
import { configOf } from '../config.fixture.ts'

const { signal } = new AbortController()
/** Nothing is asked of AWS here: there is no machine. */
const clients = new Clients({ region: 'eu-west-1' })

/** Serves on a free port while `work` runs. */
async function serving(listener: RequestListener, work: (port: number) => Promise<void>): Promise<void> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await work((server.address() as AddressInfo).port)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

const portOf = (port: number, expose: Port['expose'] = 'public'): Port => ({ name: 'web', port, expose, health: '/health' })

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

/** What a look would have found, as far as verifying asks. */
const found = (release: number | undefined): StageState =>
  ({
    elasticIp: release && { address: '127.0.0.1' },
    serving: release && { runs: release, madeBy: release, instance: { id: 'i-1', state: 'stopped' } },
  }) as unknown as StageState

test("verifying runs the checks of a service's own folder after those that hold for all", async () => {
  await serving(
    (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"healthy","service":"web"}'),
    async (port) => {
      const config = configOf({ port })
      const check =
        "{ name: 'it knows itself', path: '/', expect: { status: 200, body: (body) => body.service === 'web' ? undefined : 'no' } }"
      writeFileSync(join(config.folder, 'services/web/smoke.ts'), `export default [${check}]\n`)
      const told: Event[] = []
      const [verified] = await verifyStage(clients, config, found(1), (event) => told.push(event))
      assert.is(verified!.service, 'web')
      const byName = Object.fromEntries(verified!.results.map(({ name, ok }) => [name, ok]))
      assert.is(byName['it is healthy'], true)
      assert.is(byName['it shows its metrics'], false)
      assert.is(byName['it knows itself'], true)
      assert.match(told.at(-1)!.detail!, /^\d+ of \d+ checks failed$/)
      rmSync(config.folder, { recursive: true })
    },
  )
})

test('a service that is not open is not verified, and a stage that serves nothing is a failure', async () => {
  const config = configOf({ services: { web: { entry: './services/web/server.ts', port: 8001, expose: 'nobody' } } })
  const told: Event[] = []
  assert.equal(await verifyStage(clients, config, found(1), (event) => told.push(event)), [{ service: 'web', results: [] }])
  const detail = 'not open to the outside, and its machine cannot be asked: it is stopped'
  assert.equal(told.at(-1), { phase: 'verify', step: 'web', state: 'skipped', detail })
  const failure = (await errorOf(verifyStage(clients, config, found(undefined), () => undefined))) as Failure
  assert.is(failure.message, 'Nothing serves, so there is nothing to verify')
  assert.is(failure.details.next, 'npx zx scripts/deploy.mjs --stage test')
  rmSync(config.folder, { recursive: true })
})

test.run()
