import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Clients } from '../../src/aws/clients.ts'
import type { StageState } from '../../src/release/state/stage-state.ts'
import { verifyStage } from '../../src/release/verify.ts'
import type { Event } from '../../src/report/event.ts'
import type { Failure } from '../../src/report/failure.ts'
import { errorOf } from '../support/cloud.ts'
import { configOf } from './config.fixture.ts'
import { serving } from './serving.fixture.ts'

/** Nothing is asked of AWS here: there is no machine. */
const clients = new Clients({ region: 'eu-west-1' })

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
      // We are on the machine's own network here.
      assert.is(byName['it shows its metrics'], false)
      assert.is(byName['a stranger does not see its metrics'], false)
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
