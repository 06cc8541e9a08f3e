import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { closure, down, up } from '../../../src/aws/graph/graph.ts'
import { Failure } from '../../../src/report/failure.ts'
import { errorOf } from '../../support/cloud.ts'
import { find } from '../find.fixture.ts'
import { lostAnswer, meeting, namesOf, refusal, World } from '../world.fixture.ts'

/** A diamond: the table needs the subnet and the gateway, which both need the vpc; the group stands beside them. */
function diamond(world: World, inside?: (call: string) => Promise<void>) {
  const vpc = world.resource('vpc', {})
  const subnet = world.resource('subnet', { vpc }, inside ? { inside } : {})
  const gateway = world.resource('gateway', { vpc }, inside ? { inside } : {})
  const table = world.resource('table', { subnet, gateway })
  const group = world.resource('group', { vpc })
  return { vpc, subnet, gateway, group, table, all: [vpc, subnet, gateway, table, group] as const }
}

test('a closure has every resource once, and each after its needs', () => {
  const { table, group } = diamond(new World())
  assert.equal(namesOf(closure([table, group])), ['vpc', 'subnet', 'gateway', 'table', 'group'])
})

test('everything is created after its needs, once, and gets their outputs', async () => {
  const world = new World()
  const { table } = diamond(world)
  const { outputs, timings } = await up([table], world.context(), 'create')
  assert.is(world.calls[0], 'create vpc')
  assert.is(world.calls.at(-2), 'create table')
  assert.is(world.calls.length, 8)
  assert.is(outputs.get('table'), 'table<subnet<vpc<gateway<vpc')
  assert.equal(timings.map(({ name }) => name).sort(), ['gateway', 'subnet', 'table', 'vpc'])
  assert.ok(timings.every(({ start, seconds }) => start >= 0 && seconds > 0))
  assert.equal(timings.find(({ name }) => name === 'table')?.after.toSorted(), ['gateway', 'subnet'])
  assert.equal(world.toldOf('table'), ['done table<subnet<vpc<gateway<vpc'])
})

test('siblings are created at the same time', async () => {
  const world = new World()
  const meet = meeting(2)
  const { table } = diamond(world, (call) => (call.startsWith('create') ? meet() : Promise.resolve()))
  await up([table], world.context(), 'create')
})

test('what is found is not created again, but settled: a run that was killed in between is repaired', async () => {
  const world = new World()
  const { table } = diamond(world)
  world.fail('settle subnet', new Error('killed'))
  assert.is((await errorOf(up([table], world.context(), 'create'))).message, 'killed')
  assert.not.ok(world.there.has('table'))
  world.calls.length = 0
  await up([table], world.context(), 'create')
  assert.equal(
    world.calls.filter((call) => call.startsWith('create')),
    ['create table'],
  )
  assert.ok(world.calls.includes('settle subnet'))
  assert.ok(world.there.has('table'))
})

test('a failure skips what depends on it, and nothing else', async () => {
  const world = new World()
  const { table, group } = diamond(world)
  world.fail('create gateway', refusal('OptInRequired', 'not in this region'))
  const error = (await errorOf(up([table, group], world.context(), 'create'))) as Failure
  assert.instance(error, Failure)
  assert.is(error.message, 'Could not create gateway: OptInRequired: not in this region\nHeld up by it: table')
  assert.is(error.details.on, 'gateway')
  assert.is(error.details.likely, 'The region is not enabled for this account.')
  assert.equal([...world.there.keys()].sort(), ['group', 'subnet', 'vpc'])
  assert.equal(world.toldOf('table'), ['skipped needs gateway'])
  assert.equal(world.toldOf('gateway'), ['failed not in this region'])
})

test('of several failures the first is told in full and the others by name', async () => {
  const world = new World()
  const { table, group } = diamond(world, async () => undefined)
  world.fail('create vpc', refusal('VpcLimitExceeded', 'the maximum number of VPCs has been reached'))
  const alone = (await errorOf(up([table, group], world.context(), 'create'))) as Failure
  assert.is(
    alone.message,
    'Could not create vpc: VpcLimitExceeded: the maximum number of VPCs has been reached\nHeld up by it: subnet, gateway, group, table',
  )
  assert.match(alone.details.next!, 'request-service-quota-increase --service-code vpc --quota-code L-F678F1CE')

  world.fail('create group', refusal('InvalidGroup.Duplicate', 'there is one'))
  world.fail('create subnet', refusal('InvalidSubnet.Conflict', 'it overlaps'))
  const both = await errorOf(up([group, table], world.context(), 'create'))
  const lines = both.message.split('\n')
  assert.is(lines.length, 3)
  assert.match(lines[0]!, /^Could not create (group|subnet): /)
  assert.match(lines[1]!, /^Also failed: (group: there is one|subnet: it overlaps)$/)
  assert.is(lines[2], 'Held up by it: table')
})

test('a bug of ours stays what it is', async () => {
  const world = new World()
  const bug = new TypeError('undefined is not a function')
  world.fail('create vpc', bug)
  assert.is(await errorOf(up([diamond(world).table], world.context(), 'create')), bug)
})

test('nothing is created when the look-up failed', async () => {
  const world = new World()
  world.fail('find vpc', refusal('UnauthorizedOperation', 'you may not look'))
  const error = (await errorOf(up([diamond(world).table], world.context(), 'create'))) as Failure
  assert.is(error.code, 3)
  assert.equal(world.calls, [])
})

test('a lost answer to a create that took effect makes no second resource', async () => {
  const world = new World()
  world.fail('create vpc', lostAnswer(), { done: true })
  const { outputs } = await up([diamond(world).vpc], world.context(), 'create')
  assert.is(outputs.get('vpc'), 'vpc')
  assert.equal(world.calls, ['create vpc', 'settle vpc'])
  assert.equal(world.toldOf('vpc'), ['progress the answer was lost: looking whether it was made', 'done vpc'])
})

test('a create whose answer was lost and that took no effect is repeated', async () => {
  const world = new World()
  world.fail('create vpc', refusal('InternalError', 'an internal error', 500))
  await up([diamond(world).vpc], world.context(), 'create')
  assert.equal(world.calls, ['create vpc', 'create vpc', 'settle vpc'])
})

test('after four lost answers it is given up', async () => {
  const world = new World()
  for (let lost = 0; lost < 4; lost++) world.fail('create vpc', lostAnswer())
  const error = await errorOf(up([diamond(world).vpc], world.context(), 'create'))
  assert.instance(error, Failure)
  assert.is(error.message, 'Could not create vpc: ECONNRESET: socket hang up')
  assert.is(world.calls.length, 4)
})

test('it waits when AWS is throttling, and when AWS does not know a need yet', async () => {
  const world = new World()
  world.fail('create vpc', refusal('RequestLimitExceeded', 'too fast', 503))
  world.fail('create subnet', refusal('InvalidVpcID.NotFound', 'no such vpc'))
  world.fail('settle subnet', refusal('InvalidSubnetID.NotFound', 'no such subnet'))
  const { subnet } = diamond(world)
  await up([subnet], world.context(), 'create')
  assert.equal(world.calls, ['create vpc', 'create vpc', 'settle vpc', 'create subnet', 'create subnet', 'settle subnet', 'settle subnet'])
  assert.equal(world.toldOf('vpc'), ['progress waiting: too fast', 'done vpc'])
})

test('settling is repeated when its answer was lost', async () => {
  const world = new World()
  world.fail('settle vpc', lostAnswer(), { done: true })
  await up([diamond(world).vpc], world.context(), 'create')
  assert.equal(world.calls, ['create vpc', 'settle vpc', 'settle vpc'])
})

test('find says what exists, and throws when one look-up failed', async () => {
  const world = new World()
  const { table } = diamond(world)
  world.there.set('subnet', 'subnet-1')
  assert.equal([...(await find([table], world.context()))], [['subnet', 'subnet-1']])
  world.fail('find gateway', refusal('RequestExpired'))
  assert.is((await errorOf(find([table], world.context()))).name, 'RequestExpired')
})

test('down removes users before what they use, siblings at the same time, and tells what was not there', async () => {
  const world = new World()
  const meet = meeting(2)
  const { all } = diamond(world, (call) => (call.startsWith('remove') ? meet() : Promise.resolve()))
  for (const name of ['vpc', 'subnet', 'gateway', 'table']) world.there.set(name, `${name}-1`)
  await down(all, world.context(), 'retire')
  assert.is(world.calls[0], 'remove table')
  assert.is(world.calls.at(-1), 'remove vpc')
  assert.is(world.there.size, 0)
  assert.equal(world.toldOf('group'), ['skipped not there'])
  assert.equal(world.toldOf('vpc'), ['done vpc-1'])
})

test('down leaves alone what is not on its list', async () => {
  const world = new World()
  const { subnet, vpc } = diamond(world)
  await up([subnet], world.context(), 'create')
  await down([subnet], world.context(), 'retire')
  assert.equal([...world.there.keys()], [vpc.name])
})

test('what is still held is removed later, and who waits learns why', async () => {
  const world = new World()
  const { vpc } = diamond(world)
  world.there.set('vpc', 'vpc-1')
  world.fail('remove vpc', refusal('DependencyViolation', 'vpc-1 has dependencies'))
  await down([vpc], world.context(), 'retire')
  assert.not.ok(world.there.has('vpc'))
  assert.equal(world.toldOf('vpc'), ['progress still held: vpc-1 has dependencies', 'done vpc-1'])
})

test('what is held for too long is told with what uses it', async () => {
  const world = new World()
  const { vpc } = diamond(world)
  world.there.set('vpc', 'vpc-1')
  const stuck = () => {
    for (let n = 0; n < 3; n++) world.fail('remove vpc', refusal('DependencyViolation', 'vpc-1 has dependencies'))
  }
  stuck()
  const known = { ...vpc, blockers: async () => ['network interface eni-1 (in-use)', 'subnet subnet-1'] }
  const named = (await errorOf(down([known], world.context({ detaching: 0.1 }), 'retire'))) as Failure
  assert.is(named.message, 'Could not remove vpc: vpc-1 has dependencies')
  assert.is(named.details.on, 'vpc-1')
  assert.is(named.details.likely, 'It is used by network interface eni-1 (in-use), subnet subnet-1.')
  stuck()
  const unnamed = (await errorOf(down([vpc], world.context({ detaching: 0.1 }), 'retire'))) as Failure
  assert.is(unnamed.details.likely, 'Something that this project did not make still uses it.')
})

test('gone already is as good as removed', async () => {
  const world = new World()
  const { vpc } = diamond(world)
  world.there.set('vpc', 'vpc-1')
  world.fail('remove vpc', refusal('InvalidVpcID.NotFound', 'no such vpc'))
  await down([vpc], world.context(), 'retire')
  assert.equal(world.toldOf('vpc'), ['done vpc-1'])
})

test('what could not be removed holds up what it uses', async () => {
  const world = new World()
  const { all } = diamond(world)
  for (const { name } of all) world.there.set(name, `${name}-1`)
  world.fail('remove subnet', refusal('OperationNotPermitted', 'it is protected'))
  const error = await errorOf(down(all, world.context(), 'retire'))
  assert.is(error.message, 'Could not retire subnet: OperationNotPermitted: it is protected\nHeld up by it: vpc')
  assert.equal([...world.there.keys()], ['vpc', 'subnet'])
})

test('an aborted walk begins nothing new, finishes what is under way, and throws the reason', async () => {
  const world = new World()
  const reason = new Failure('Interrupted')
  const { table } = diamond(world, async (call) => {
    if (call === 'create subnet') world.abort(reason)
  })
  assert.is(await errorOf(up([table], world.context(), 'create')), reason)
  assert.ok(world.there.has('subnet'))
  assert.not.ok(world.calls.includes('create table'))
})

test('what failed before the abort is told, and not the abort', async () => {
  const world = new World()
  const { table, group } = diamond(world, async (call) => {
    if (call === 'create gateway') world.abort(new Failure('Interrupted'))
  })
  world.fail('create group', refusal('InvalidGroup.Duplicate', 'there is one'))
  world.fail('create subnet', refusal('RequestLimitExceeded'))
  const error = await errorOf(up([group, table], world.context(), 'create'))
  assert.is(error.message, 'Could not create group: InvalidGroup.Duplicate: there is one\nHeld up by it: table')
})

test('an abort ends the wait for something that is held', async () => {
  const world = new World()
  const { vpc } = diamond(world)
  world.there.set('vpc', 'vpc-1')
  world.fail('remove vpc', refusal('DependencyViolation'))
  const context = world.context()
  const told = context.emit
  const walk = down(
    [vpc],
    { ...context, emit: (event) => (event.state === 'progress' ? world.abort(new Error('enough')) : told(event)) },
    'retire',
  )
  assert.is((await errorOf(walk)).message, 'enough')
  assert.ok(world.there.has('vpc'))
})

test.run()
