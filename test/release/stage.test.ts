// time limit: 240 s
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Inventory } from '../../src/aws/graph/inventory.ts'
import { deleteParameters } from '../../src/aws/parameters.ts'
import { until } from '../../src/aws/retry.ts'
import { readWhole } from '../../src/local/files/whole.ts'
import { identify } from '../../src/local/machine/process-table.ts'
import { deploy } from '../../src/release/deploy.ts'
import { destroy } from '../../src/release/destroy.ts'
import { recipesOf } from '../../src/release/launch/images.ts'
import { launch } from '../../src/release/launch/launch.ts'
import { describeLaunch } from '../../src/release/launch/launch-description.ts'
import { countOf, lastWordsOf, logsOf } from '../../src/release/logs.ts'
import { carryOut } from '../../src/release/plan/carry-out.ts'
import { operation } from '../../src/release/plan/operation.ts'
import { promoteOperation } from '../../src/release/plan/operations/promote.ts'
import { linesOf } from '../../src/release/plan/plan.ts'
import { planDeploy, planProvision } from '../../src/release/plan/plan-deploy.ts'
import { planDestroy } from '../../src/release/plan/plan-destroy.ts'
import { lookForPlan } from '../../src/release/plan/work.ts'
import { ownerOf } from '../../src/release/stage/names.ts'
import { ownedResourcesOf } from '../../src/release/stage/owned-resources.ts'
import { retire } from '../../src/release/stage/retire.ts'
import type { Lease } from '../../src/release/state/lease.ts'
import { thisOwner } from '../../src/release/state/lease-owner.ts'
import { history, writeEntry } from '../../src/release/state/ledger.ts'
import { lookAt, releasesOf, servingRelease } from '../../src/release/state/stage-state.ts'
import { statusOf } from '../../src/release/status.ts'
import type { Emit, Event } from '../../src/report/event.ts'
import { exit, Failure } from '../../src/report/failure.ts'
import { createTestCloud, errorOf, freePort } from '../support/cloud.ts'
import { configOf } from './config.fixture.ts'
import { located } from './launch/description.fixture.ts'
import { container, launchOf } from './launch/launch.fixture.ts'

const cloud = await createTestCloud()
const { clients } = cloud
const config = configOf({ port: await freePort() })
test.after(async () => {
  await cloud.end()
  rmSync(config.folder, { recursive: true })
})
test.after.each(() => cloud.faults())

const { signal } = new AbortController()
/** What a lease that is given back deletes. */
const along: string[] = []
const held: Lease = { signal, takeAlong: (names) => along.push(...names), release: () => deleteParameters(clients, along.splice(0)) }
const ignore = () => undefined

/** Provisions the next release, with what is there now. */
async function provisionNext({ lease = held, emit = ignore }: { lease?: Lease; emit?: Emit } = {}) {
  const work = await lookForPlan(clients, config, emit, 'provision')
  return await deploy(work, planProvision(work), { lease, signal })
}

/** What there is, as `vpc (release 1)`, sorted. */
async function contents(): Promise<string[]> {
  const found = await ownedResourcesOf(new Inventory(clients, ownerOf(config)))
  return found.map(({ kind, release }) => (release === undefined ? kind : `${kind} (release ${release})`)).sort()
}

const stackOf = (release: number) => ['instance', 'security group'].map((kind) => `${kind} (release ${release})`)
const network = ['internet gateway', 'subnet', 'subnet', 'vpc']
const ofStage = ['elastic ip', 'instance profile', 'repository', 'role', ...network]

test('a stage that was never deployed has nothing, and its first release is 1', async () => {
  const state = await lookAt(clients, config)
  assert.is(state.next, 1)
  assert.equal(await contents(), [])
  assert.is(servingRelease(state), undefined)
  const status = await statusOf(clients, config)
  assert.equal([status.release, status.address, status.machine, status.lock], [undefined, undefined, undefined, undefined])
  assert.equal(
    status.services.map(({ name, state }) => [name, state]),
    [['web', 'not deployed']],
  )
})

/** What a run may tell of, by the line of the plan that has announced it. */
const stepsOf: Readonly<Record<string, RegExp>> = {
  drain: /^drain \(release \d+\)$/,
  network: /^(vpc|subnet[- ]\S+|internet gateway|routes)$/,
  stack: /^(security group|instance)( \(release \d+\))?$/,
  'elastic ip': /^elastic ip$/,
  repository: /^repository$/,
  role: /^role$/,
  'instance profile': /^instance profile$/,
  address: /^promote$/,
  ledger: /^ledger$/,
}

test('what is printed is what runs: every line is of an operation that ran, and nothing ran that was not shown', async () => {
  for (const strategy of ['blue-green', 'recreate'] as const) {
    const told = new Map<string, Set<string>>()
    const emit = ({ phase, step }: Event) => void (step && told.set(phase, (told.get(phase) ?? new Set()).add(step)))
    const work = await lookForPlan(clients, { ...config, strategy }, emit, 'provision')
    const plan = planProvision(work)
    const { operations } = await deploy(work, plan, { lease: held, signal })
    assert.equal(operations.map(({ name }) => name).sort(), plan.operations.all.map(({ title }) => title).sort())
    assert.equal([...told.keys()].sort(), [...new Set(plan.operations.all.map(({ phase }) => phase))].sort())
    for (const [phase, steps] of told) {
      const lines = plan.operations.all.filter((each) => each.phase === phase).flatMap(({ lines }) => lines)
      const unseen = new Set(steps)
      for (const { what } of lines) {
        const matching = [...steps].filter((step) => stepsOf[what]!.test(step))
        assert.ok(matching.length > 0, `${what} is printed; of ${phase} ran ${[...steps]}`)
        for (const step of matching) unseen.delete(step)
      }
      assert.equal([...unseen], [], `${phase} ran and was not printed`)
    }
    assert.is(linesOf(plan.operations).filter(({ what }) => what === 'drain').length, strategy === 'recreate' ? 1 : 0)
  }
  await destroyStage()
})

test('provisioning makes everything, leads the address to the machine and says so in the ledger', async () => {
  const { release, address, seconds } = await provisionNext()
  assert.is(release, 1)
  assert.equal(Object.keys(seconds).sort(), ['create', 'promote', 'record'])
  assert.equal(await contents(), [...stackOf(1), ...ofStage].sort())
  const state = await lookAt(clients, config)
  assert.is(state.elasticIp?.address, address)
  assert.is(state.serving?.runs, 1)
  // Nothing was launched, so nothing serves.
  assert.is(servingRelease(state), undefined)
  const { user, host } = thisOwner('provision')
  const [entry, ...others] = await history(clients, config)
  assert.equal([entry!.release, entry!.outcome, entry!.by, others], [1, 'provisioned', `${user}@${host}`, []])
  const { id, imageId } = state.serving!.instance
  assert.equal(entry!.machine, { id, imageId })
  assert.match(imageId, /^ami-/)
  const status = await statusOf(clients, config)
  assert.equal([status.release, status.deployed, status.machine?.state], [1, undefined, 'running'])
})

test('an image that the machine cannot pull is a failure with the name, the log and the next command', async () => {
  const { serving } = await lookAt(clients, config)
  const release = launchOf([container('web', { image: `${new URL(cloud.endpoint).host}/shop/test/images@sha256:${'0'.repeat(64)}` })])
  const options = { signal, waiting: ignore, nextFor: (name: string) => `look at ${name}` }
  const failure = (await errorOf(launch(clients, config, serving!.instance, release, options))) as Failure
  assert.instance(failure, Failure)
  assert.is(failure.message, 'Could not pull the image of web')
  assert.match(failure.details.on!, /^container web, instance i-[0-9a-f]+, command [0-9a-f-]+$/)
  assert.ok(failure.details.log!.length > 0)
  assert.match(failure.details.next!, /^aws --region eu-west-1 ssm get-command-invocation --command-id /)
})

test('the logs of a container are its last lines; those of one that is not there are a failure', async () => {
  const failure = (await errorOf(logsOf(clients, config, 'web', 20, signal))) as Failure
  assert.is(failure.message, 'There are no logs of web')
  assert.is(failure.details.next, 'npx zx scripts/status.mjs --stage test')
  const answer = { Status: 'Success', StatusDetails: 'Success', ResponseCode: 0, StandardOutputContent: 'one\ntwo\n' }
  await cloud.faults({ action: 'ssm:GetCommandInvocation', instead: answer })
  assert.is(await logsOf(clients, config, 'web', 20, signal), 'one\ntwo')
  await cloud.faults({ action: 'ssm:GetCommandInvocation', instead: { ...answer, StandardOutputContent: '2 true\none\ntwo\n' } })
  const condition = await lastWordsOf(clients, (await lookAt(clients, config)).serving!.instance.id, 'web', signal)
  assert.equal(condition, { restarts: 2, outOfMemory: true, log: ['one', 'two'] })
  await cloud.faults()
  const noContainer = (await errorOf(lastWordsOf(clients, (await lookAt(clients, config)).serving!.instance.id, 'web', signal))) as Failure
  assert.match(noContainer.message, /No such (object|container): web/i)
  const nowhere = (await errorOf(logsOf(clients, { app: 'shop', stage: 'nowhere' }, 'web', 20, signal))) as Failure
  assert.is(nowhere.message, 'Nothing runs, so there are no logs')
})

test('a machine whose agent hangs is told within seconds, with the command that helps; that is carried out by cutting its power', async () => {
  const { id } = (await lookAt(clients, config)).serving!.instance
  const { pid } = readWhole<{ pid: number }>(join(cloud.folder, 'instances', id, 'outbox/process.json'))!
  process.kill(pid, 'SIGSTOP')
  const started = performance.now()
  const [status, logs] = await Promise.all([statusOf(clients, config), errorOf(logsOf(clients, config, 'web', 20, signal))])
  assert.ok(performance.now() - started < 30_000, `${performance.now() - started} ms`)
  assert.is(status.silent, "The machine's agent has not taken a command within 10 s")
  assert.match(status.next!, new RegExp(`^aws .*ec2 reboot-instances --instance-ids ${id}$`))
  assert.equal((logs as Failure).details.next, status.next)
  const ssm = await clients.ssm()
  const { Commands = [] } = await ssm.listCommands({ InstanceId: id, MaxResults: 2 })
  assert.equal([...new Set(Commands.map(({ Status }) => Status))], ['Cancelling'], 'nothing runs later that nobody waits for')

  const ec2 = await clients.ec2()
  await ec2.rebootInstances({ InstanceIds: [id] })
  await until(async () => !identify(pid) || undefined, { within: 60, signal })
  const again = await until(async () => ((await statusOf(clients, config)).silent === undefined ? 'well' : undefined), {
    within: 60,
    signal,
  })
  assert.is(again, 'well')
})

test('a count is a whole number from 1 to 10000', () => {
  assert.equal(
    ['1', '10000'].map((text) => countOf('--lines', text)),
    [1, 10000],
  )
  for (const text of ['0', '10001', '1.5', 'ten', '', '-3'])
    assert.throws(() => countOf('--lines', text), `--lines ${text}: expected a whole number from 1 to 10000`)
})

test('a launch that ends without a result is told with what it wrote and how to look', async () => {
  const { serving } = await lookAt(clients, config)
  const answer = {
    Status: 'TimedOut',
    StatusDetails: 'Execution Timed Out',
    ResponseCode: 137,
    StandardOutputContent: 'half\n',
    StandardErrorContent: 'killed\n',
  }
  await cloud.faults({ action: 'ssm:GetCommandInvocation', instead: answer })
  const options = { signal, waiting: ignore, nextFor: () => undefined }
  const failure = (await errorOf(launch(clients, config, serving!.instance, launchOf([container('web')]), options))) as Failure
  assert.is(failure.message, 'The launch ended without a result (Execution Timed Out, exit code 137)')
  assert.equal(failure.details.log, ['half', 'killed'])
  assert.match(failure.details.next!, /^aws --region eu-west-1 ssm get-command-invocation --command-id \S+ --instance-id i-/)
})

const gone = ['unhealthy', 'its machine has no such container']

test('status shows what serves: whether it answers, what is missing, what is closed', async () => {
  const entry = { release: 1, outcome: 'serving' as const, at: '2026-01-02T03:04:05.000Z', by: 'ann@laptop', commit: 'abc', seconds: {} }
  const missing = ['grafana is not on the PATH of this machine. To get it: apt-get install grafana']
  await writeEntry(clients, config, { ...entry, images: { web: `sha256:${'a'.repeat(64)}`, prometheus: 'sha256:b' }, missing })
  const monitored = { ...config, monitoring: configOf({ monitoring: { nodeExporter: false, alertmanager: false } }).monitoring }
  const status = await statusOf(clients, monitored)
  assert.is(servingRelease(await lookAt(clients, config)), 1)
  assert.equal(status.deployed, { at: entry.at, by: entry.by, commit: entry.commit })
  const shown = Object.fromEntries(status.services.map(({ name, state, detail }) => [name, [state, detail]]))
  // The ledger says what was launched; the machine says that it is gone.
  assert.equal([shown.web, shown.prometheus], [gone, gone])
  assert.equal(shown.grafana, ['missing', missing[0]])

  // Whoever may not run commands still sees what answers from outside.
  await cloud.faults({ action: 'ssm:SendCommand', before: { code: 'AccessDeniedException', message: 'not for you' } })
  const half = await statusOf(clients, monitored)
  assert.match(half.silent!, /^AccessDeniedException: /)
  const outside = Object.fromEntries(half.services.map(({ name, state, detail }) => [name, [state, detail]]))
  assert.equal([outside.web![0], outside.prometheus], ['unhealthy', ['not checked', 'not open to the outside']])
})

test('a machine that runs a later release than the one that made it is told by both: what runs, and whose stack it is', async () => {
  const { serving } = await lookAt(clients, config)
  const machine = { id: serving!.instance.id, imageId: serving!.instance.imageId }
  const entry = { at: '2026-01-03T00:00:00.000Z', by: 'ann@laptop', images: { web: `sha256:${'b'.repeat(64)}` }, missing: [], seconds: {} }
  await writeEntry(clients, config, { ...entry, release: 2, outcome: 'serving', machine })
  const state = await lookAt(clients, config)
  assert.equal([state.serving?.runs, state.serving?.madeBy, servingRelease(state), state.next], [2, 1, 2, 3])
  const status = await statusOf(clients, config)
  assert.equal([status.release, status.deployed?.at, status.machine?.id, status.leftovers], [2, entry.at, machine.id, []])
  assert.equal(
    (await releasesOf(clients, config)).map(({ release, outcome }) => `${release} ${outcome}`),
    ['2 serving', '1 serving'],
  )
  // Somebody leads the address back to a machine of before: what runs there is told by an entry that is not the last.
  await writeEntry(clients, config, { ...entry, release: 3, outcome: 'serving', machine: { ...machine, id: 'i-elsewhere' } })
  const back = await lookAt(clients, config)
  assert.equal([back.serving?.runs, back.serving?.madeBy, back.current?.release], [2, 1, 3])
  await writeEntry(clients, config, { ...entry, release: 2, outcome: 'serving', machine })
  const { operations, replaces, leftovers } = planDeploy(await lookForPlan(clients, config, ignore, 'deploy'))
  assert.equal([replaces, leftovers], [2, []])
  const gone = operations.all.filter(({ phase }) => phase === 'retire').map(({ title }) => title)
  assert.equal(gone, ['drain of release 1', 'stack of release 1'])
})

test('a release that cannot be provisioned is cleared away, and what the stage keeps stays', async () => {
  const before = await contents()
  await cloud.faults({ action: 'ec2:RunInstances', before: { code: 'InsufficientInstanceCapacity', message: 'none free', status: 500 } })
  const failure = (await errorOf(provisionNext())) as Failure
  assert.match(failure.message, /^Could not create instance: InsufficientInstanceCapacity: none free/)
  await cloud.faults()
  assert.equal(await contents(), before)
  const [last] = await history(clients, config)
  assert.equal([last!.release, last!.outcome], [3, 'failed'])
})

test('a run that has lost the lease stops and clears nothing away', async () => {
  const lost = new AbortController()
  const reason = new Failure('The lock of the stage was lost')
  const emit = ({ step, state }: Event) => (step === 'security group' && state === 'done' ? lost.abort(reason) : undefined)
  const lease: Lease = { ...held, signal: lost.signal }
  assert.is(await errorOf(provisionNext({ lease, emit })), reason)
  assert.ok((await contents()).includes('security group (release 4)'))
})

test('what a run that ended halfway has left is seen, planned to go, and goes with the next', async () => {
  const state = await lookAt(clients, config)
  assert.equal([state.next, state.releases], [5, [1, 4]])
  const { operations, replaces } = planDeploy(await lookForPlan(clients, config, ignore, 'deploy'))
  const gone = operations.all.filter(({ phase }) => phase === 'retire').map(({ title }) => title)
  assert.equal([gone, replaces], [['stack of release 4', 'drain of release 1', 'stack of release 1'], 2])
  assert.equal((await statusOf(clients, config)).leftovers, [4])
  assert.is((await provisionNext()).release, 5)
  assert.equal(await contents(), [...stackOf(1), ...stackOf(5), ...ofStage].sort())
})

test('retiring drains what runs before it removes the stack', async () => {
  const told: Event[] = []
  await retire({ clients, signal, emit: (event) => told.push(event) }, config, 1, 'retire')
  assert.equal(await contents(), [...stackOf(5), ...ofStage].sort())
  const drain = told.find(({ step, state }) => step === 'drain (release 1)' && state === 'done')
  assert.is(drain?.detail, 'Success')
  assert.ok(told.indexOf(drain!) < told.findIndex(({ step }) => step === 'instance (release 1)'))
})

/** Destroys the stage as its script does, which gives the lease back afterwards. */
async function destroyStage() {
  const receipt = await destroy(await planDestroy(clients, config, held, ignore), { lease: held, signal })
  await held.release()
  return receipt
}

test('destroy tells what it could not remove and why, and removes the rest', async () => {
  await cloud.faults({ action: 'ec2:DeleteSubnet', before: { code: 'OperationNotPermitted', message: 'it is protected' } })
  const receipt = await destroyStage()
  assert.match(receipt.failure!.message, /^Could not destroy subnet subnet-\w+: OperationNotPermitted: it is protected\n/)
  assert.equal(receipt.left.map(({ kind }) => kind).sort(), ['subnet', 'subnet', 'vpc'])
  assert.equal(await contents(), ['subnet', 'subnet', 'vpc'])
})

test('destroy finishes what was left, looks again, and its receipt says that nothing is left', async () => {
  const receipt = await destroyStage()
  assert.is(receipt.failure, undefined)
  assert.equal(receipt.removed.map(({ kind }) => kind).sort(), ['subnet', 'subnet', 'vpc'])
  assert.equal(receipt.left, [])
  assert.equal(await contents(), [])
  assert.equal(await history(clients, config), [])
})

test('a machine that cannot be drained is retired all the same', async () => {
  await provisionNext()
  await cloud.faults({ action: 'ssm:SendCommand', before: { code: 'InvalidInstanceId', message: 'not in a valid state' } })
  const told: Event[] = []
  await retire({ clients, signal, emit: (event) => told.push(event) }, config, 1, 'retire')
  const detail = told.find(({ step, state }) => step === 'drain (release 1)' && state === 'skipped')?.detail
  assert.is(detail, 'The machine takes no commands: its agent is not connected to Systems Manager')
  await destroyStage()
  assert.equal(await contents(), [])
})

test('an address behind which the release does not answer is led back at once, and then the release is cleared away', async () => {
  await provisionNext()
  const before = (await lookAt(clients, config)).serving!
  const stop = new AbortController()
  // As soon as the address has moved and is asked, the run is told to stop: its check fails.
  const emit = ({ phase, step, state }: Event) =>
    phase === 'promote' && step === 'web' && state === 'started' ? stop.abort(new Error('stop')) : undefined
  const work = { ...(await lookForPlan(clients, config, emit, 'deploy')), recipes: { ...recipesOf(config), ownSecrets: [] } }
  const { elasticIp, stack } = planProvision(work).operations
  const description = describeLaunch(config, { release: work.state.next, commit: undefined, images: located('web') })
  const push = operation({ phase: 'push', title: 'push', lines: [], run: async () => ({ description, digest: 'sha256:0' }) })
  const launch = operation({
    phase: 'launch',
    title: 'launch',
    lines: [],
    needs: { stack },
    run: async ({ stack }) => ({ instance: stack.instance, engine: '28.2.2', identityOf: () => undefined }),
  })
  const promote = promoteOperation(work, elasticIp, push, launch, { back: before }, [])
  const mayUndo = async () => (await lookAt(clients, config)).serving?.runs !== work.state.next
  const carried = await carryOut([elasticIp, stack, push, launch, promote], { emit, signal: stop.signal, undoSignal: signal, mayUndo })
  assert.not.ok(carried.ok)
  const after = await lookAt(clients, config)
  assert.equal([after.serving?.runs, after.releases], [before.runs, [before.runs]])
  await destroyStage()
})

test('a stage of an earlier version, whose address is the way out of its machine, is taken over by its next deploy', async () => {
  await provisionNext()
  const ec2 = await clients.ec2()
  const ssm = await clients.ssm()
  const { elasticIp, serving: before } = await lookAt(clients, config)
  const { id, secondIp, publicIp } = before!.instance
  assert.equal([elasticIp!.privateIp, publicIp !== elasticIp!.address], [secondIp, true])
  // As that version led it there: to the primary private address, which gives up its own public one.
  await ec2.associateAddress({ AllocationId: elasticIp!.id, InstanceId: id })
  const ping = async (instanceId: string) => {
    const { InstanceInformationList } = await ssm.describeInstanceInformation({ Filters: [{ Key: 'InstanceIds', Values: [instanceId] }] })
    return InstanceInformationList?.[0]?.PingStatus
  }
  await until(async () => ((await ping(id)) === 'Online' ? true : undefined), { within: 60, signal, waiting: ignore })
  await writeEntry(clients, config, { ...(await history(clients, config))[0]!, outcome: 'serving' })
  const { operations } = planDeploy(await lookForPlan(clients, config, ignore, 'deploy'))
  assert.match(linesOf(operations).at(-1)!.detail, /not drained: without the address no command reaches its machine$/)
  const { release } = await provisionNext()
  const after = await lookAt(clients, config)
  assert.equal([after.serving?.madeBy, after.elasticIp?.privateIp], [release, after.serving?.instance.secondIp])
  assert.is(await ping(id), 'ConnectionLost', 'the old machine has lost its way out')
  assert.is(await ping(after.serving!.instance.id), 'Online', 'the new one has not')
  await destroyStage()
})

test('the ledger says of a release that failed once its images were built which they are', async () => {
  await cloud.faults({ action: 'ssm:SendCommand', before: { code: 'AccessDeniedException', message: 'not for you' } })
  const work = await lookForPlan(clients, config, ignore, 'deploy')
  const failure = (await errorOf(deploy(work, planDeploy(work), { lease: held, signal }))) as Failure
  assert.match(failure.message, 'AccessDeniedException: not for you')
  await cloud.faults()
  const [last] = await history(clients, config)
  assert.equal([last!.outcome, Object.keys(last!.images)], ['failed', ['web']])
  assert.match(last!.images.web!, /^sha256:[0-9a-f]{64}$/)
  await destroyStage()
})

test('history asks for nothing but the ledger, unless a run was killed while its address moved', async () => {
  const entry = { at: '2026-01-04T00:00:00.000Z', by: 'ann@laptop', images: {}, missing: [], seconds: {} }
  const told = async () => (await releasesOf(clients, config)).map(({ release, outcome }) => `${release} ${outcome}`)
  await writeEntry(clients, config, { ...entry, release: 1, outcome: 'serving' })
  await cloud.faults({ action: 'ec2:DescribeAddresses', before: { code: 'UnauthorizedOperation', message: 'not for you', status: 403 } })
  assert.equal(await told(), ['1 serving'])
  await writeEntry(clients, config, { ...entry, release: 2, outcome: 'promoting' })
  assert.match((await errorOf(told())).message, 'not for you')
  await cloud.faults()
  assert.equal(await told(), ['2 failed', '1 serving'])
  await destroyStage()
})

test('an interrupted destroy says what is left, and which command goes on', async () => {
  const interrupted = () => AbortSignal.abort(new Failure('Interrupted.', { code: exit.interrupted }))
  const stopped = async () =>
    (await errorOf(destroy(await planDestroy(clients, config, held, ignore), { lease: held, signal: interrupted() }))) as Failure
  assert.is((await stopped()).message, 'Interrupted. Nothing is left.')
  await provisionNext()
  const { message, details } = await stopped()
  assert.match(message, /^Interrupted\. What is left: vpc vpc-\w+, subnet .*instance i-\w+.*repository /)
  assert.equal([details.code, details.next], [exit.interrupted, `npx zx scripts/destroy.mjs --stage ${config.stage}`])
  await destroyStage()
})

test.run()
