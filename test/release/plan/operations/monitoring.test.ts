import { rmSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { runCommand } from '../../../../src/aws/run-command.ts'
import { deploy } from '../../../../src/release/deploy.ts'
import { type Carried, carryOut } from '../../../../src/release/plan/carry-out.ts'
import { operation } from '../../../../src/release/plan/operation.ts'
import { monitoringOperations } from '../../../../src/release/plan/operations/monitoring.ts'
import { planProvision } from '../../../../src/release/plan/plan-deploy.ts'
import { lookForPlan, type Work } from '../../../../src/release/plan/work.ts'
import type { KeptLaunch } from '../../../../src/release/state/launch-store.ts'
import type { Lease } from '../../../../src/release/state/lease.ts'
import { lookAt } from '../../../../src/release/state/stage-state.ts'
import type { Event } from '../../../../src/report/event.ts'
import { createTestCloud, freePort } from '../../../support/cloud.ts'
import { configOf } from '../../config.fixture.ts'
import { container } from '../../launch/launch.fixture.ts'

const cloud = await createTestCloud()
const { clients } = cloud
const { signal } = new AbortController()
const monitoring = { prometheus: { port: 9990 }, grafana: { port: 3990 }, alertmanager: false, nodeExporter: false } as const
const port = await freePort()
const open = configOf({ port, monitoring: { ...monitoring, expose: 'public' } })
const closed = configOf({ port, monitoring })
test.after(async () => {
  await cloud.end()
  for (const { folder } of [open, closed]) rmSync(folder, { recursive: true })
})
test.after.each(() => cloud.faults())

const lease: Lease = { signal, takeAlong: () => undefined, release: async () => undefined }
const provision = await lookForPlan(clients, closed, () => undefined, 'provision')
await deploy(provision, planProvision(provision), { lease, signal })
const { serving, elasticIp } = await lookAt(clients, closed)
const instance = serving!.instance

/** Says what a launch has left on the machine. */
async function leave(reports: Record<string, string>): Promise<void> {
  const lines = Object.entries(reports).map(([name, text]) => `printf '%s' '${text}' >"$MLOPS_ROOT/monitoring/${name}"`)
  const script = ['mkdir -p "$MLOPS_ROOT/monitoring"', ...lines].join('\n')
  const options = { comment: 'Leave', seconds: 60, signal, waiting: () => undefined }
  assert.is((await runCommand(clients, instance.id, script, options)).status, 'Success')
}

const launched = { containers: ['prometheus', 'grafana'].map((name) => container(name, { kind: 'monitoring' })), scraped: [] }

/** The operation after a launch, with a promotion that ends as we say. */
async function watch(config: typeof open, promotion: () => Promise<void> = async () => undefined) {
  const told: Event[] = []
  const recipes = { ...provision.recipes, recipes: ['web', 'prometheus', 'grafana'].map((name) => ({ name })) }
  const work = { ...provision, config, recipes, emit: (event: Event) => void told.push(event) } as unknown as Work
  const given = <Out>(title: string, run: () => Promise<Out>) => operation({ phase: 'launch', title, lines: [], run })
  const push = given('push', async () => ({ description: launched }) as unknown as KeptLaunch)
  const launch = given('launch', async () => ({ instance, engine: '28.2.2', identityOf: () => undefined }))
  const address = given('address', async () => elasticIp!)
  const promote = given('promote', promotion)
  const [watched] = monitoringOperations(work, push, launch, address, promote)
  const all = [push, launch, address, promote, watched!]
  const carried = await carryOut(all, { emit: work.emit, signal, undoSignal: signal })
  const steps = told.filter(({ phase, step, state }) => phase === 'monitor' && step && state !== 'started' && state !== 'progress')
  return { carried, watched: watched!, steps: steps.map(({ step, state }) => `${step} ${state}`) }
}

function warnings({ carried, watched }: Awaited<ReturnType<typeof watch>>) {
  assert.ok(carried.ok)
  return (carried as Extract<Carried, { ok: true }>).resultOf(watched).map(({ message }) => message)
}

test('a server that did not come up is a warning of a deploy that succeeds', async () => {
  await leave({ prometheus: '{"ok":true}\n', grafana: '{"ok":false,"step":"health","container":"grafana"}\nno plugin\n' })
  const ran = await watch(closed)
  assert.equal(warnings(ran), ['Did not get healthy in time: grafana'])
  assert.equal([...ran.steps].sort(), ['grafana failed', 'prometheus done'])
})

test('a server that is open and does not answer at the address is a warning with the command that looks', async () => {
  await leave({ prometheus: '{"ok":true}\n', grafana: '{"ok":false,"step":"pull","container":"grafana"}\n' })
  const ran = await watch(open)
  const [outside, pull] = warnings(ran)
  assert.match(outside!, /^prometheus is healthy on its machine but does not answer from outside: /)
  assert.is(pull, 'Could not pull the image of grafana')
})

test('monitoring that cannot be asked for is a warning as well, and a promotion that fails is the failure of the run', async () => {
  await cloud.faults({ action: 'ssm:SendCommand', before: { code: 'AccessDeniedException', message: 'not for you' } })
  assert.equal(warnings(await watch(closed)), ['Monitoring could not be asked for: not for you'])
  await cloud.faults()
  const { carried } = await watch(closed, () => Promise.reject(new Error('the address did not move')))
  assert.equal([carried.ok, !carried.ok && (carried.error as Error).message], [false, 'the address did not move'])
})

test.run()
