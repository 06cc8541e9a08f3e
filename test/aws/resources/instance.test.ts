import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { down, up } from '../../../src/aws/graph/graph.ts'
import { associate, type ElasticIp, elasticIp, isWayOutOf } from '../../../src/aws/resources/elastic-ip.ts'
import { type Instance, instance } from '../../../src/aws/resources/instance.ts'
import { instanceProfile } from '../../../src/aws/resources/instance-profile.ts'
import { machineType } from '../../../src/aws/resources/machine-type.ts'
import { managedInstanceCore } from '../../../src/aws/resources/managed-policy.ts'
import { removeTagged } from '../../../src/aws/resources/removal.ts'
import { role } from '../../../src/aws/resources/role.ts'
import { securityGroup, securityGroups } from '../../../src/aws/resources/security-group.ts'
import { type Subnet, subnets } from '../../../src/aws/resources/subnet.ts'
import { agentOnline, runCommand } from '../../../src/aws/run-command.ts'
import { startSession } from '../../../src/aws/session.ts'
import type { Failure } from '../../../src/report/failure.ts'
import { contextFor, createTestCloud, errorOf, ownerNamed } from '../../support/cloud.ts'
import { find } from '../find.fixture.ts'
import { networkOf } from './network.fixture.ts'

const cloud = await createTestCloud()
const { clients } = cloud
const ec2 = await clients.ec2()
test.after(cloud.end)
test.after.each(() => cloud.faults())

const { imageId } = await machineType(clients, 't3.micro')
const owner = ownerNamed('machine')
const network = networkOf(owner)
const group = securityGroup({ tags: owner.of('group'), name: 'machine', description: 'Opens nothing', open: [], vpc: network.vpc })
const nothing = { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Action: 'ec2:*', Resource: '*' }] }
const theRole = role({
  tags: owner.of('role'),
  name: owner.name,
  managed: [managedInstanceCore],
  policy: () => nothing,
})
const profile = instanceProfile({ tags: owner.of('profile'), name: owner.name, role: theRole })
const address = elasticIp({ tags: owner.of('address') })

/** A machine called so, on the one network of this file. */
function machine(name: string, types = ['t3.micro'], zones = ['eu-west-1a', 'eu-west-1b'].map((each) => ({ name: each, types }))) {
  return instance({
    tags: owner.of(name),
    name,
    machine: {
      imageId,
      types,
      zones,
      diskGiB: 12,
      credits: { 't3.micro': 'standard', 't3.small': 'unlimited' },
      protected: false,
      userData: '#!/bin/sh\necho booted\n',
    },
    subnets: network.subnets,
    securityGroup: group,
    profile,
  })
}

const first = machine('first')
const second = machine('second', ['t3.small', 't3.micro'])
const context = () => contextFor(clients, owner)
const signal = new AbortController().signal
const ignore = () => undefined
const outputOf = async <Out>(name: string) => (await find([first, second, address], context())).get(name) as Out

test('a machine runs, as it was asked for: one hop to its credentials, an encrypted disk, an address, tags on all it has', async () => {
  const { outputs } = await up([first], context(), 'create')
  const made = outputs.get('first') as Instance
  assert.is(made.state, 'running')
  assert.ok(made.privateIp && made.publicIp)
  assert.equal(await outputOf('first'), made)
  const { Reservations } = await ec2.describeInstances({ InstanceIds: [made.id] })
  const [described] = Reservations![0]!.Instances!
  assert.is(described!.InstanceType, 't3.micro')
  const { InstanceCreditSpecifications } = await ec2.describeInstanceCreditSpecifications({ InstanceIds: [made.id] })
  assert.is(InstanceCreditSpecifications![0]!.CpuCredits, 'standard')
  const { HttpTokens, HttpPutResponseHopLimit } = described!.MetadataOptions!
  assert.equal([HttpTokens, HttpPutResponseHopLimit], ['required', 1])
  const { Volumes } = await ec2.describeVolumes({ Filters: [{ Name: 'tag:test:resource', Values: ['first'] }] })
  assert.equal(
    Volumes?.map(({ Size, Encrypted, VolumeType }) => [Size, Encrypted, VolumeType]),
    [[12, true, 'gp3']],
  )
})

test('where AWS has no free machine of the first type in any zone, the next type is taken', async () => {
  const none = { code: 'InsufficientInstanceCapacity', message: 'none free', status: 500 }
  await cloud.faults({ action: 'ec2:RunInstances', match: { InstanceType: 't3.small' }, before: none })
  const walk = context()
  const { outputs } = await up([second], walk, 'create')
  const { Reservations } = await ec2.describeInstances({ InstanceIds: [(outputs.get('second') as Instance).id] })
  assert.is(Reservations![0]!.Instances![0]!.InstanceType, 't3.micro')
  const told = walk.told.map(({ detail }) => detail)
  assert.ok(told.includes('AWS has no free t3.small in eu-west-1a: trying t3.small in eu-west-1b'))
  assert.ok(told.includes('AWS has no free t3.small in eu-west-1b: trying t3.micro in eu-west-1a'))
})

/** The type and the zone of the machine with this name. */
async function placeOf(name: string): Promise<(string | undefined)[]> {
  const { Reservations } = await ec2.describeInstances({ Filters: [{ Name: 'tag:test:resource', Values: [name] }] })
  const [described] = Reservations!.flatMap(({ Instances }) => Instances!)
  return [described!.InstanceType, described!.Placement!.AvailabilityZone]
}

test('where one zone has no capacity, or not the type after all, the next zone is taken before the next type', async () => {
  for (const [code, status] of [
    ['InsufficientInstanceCapacity', 500],
    ['Unsupported', 400],
  ] as const) {
    const name = `zone-${code.toLowerCase()}`
    await cloud.faults({ action: 'ec2:RunInstances', before: { code, message: 'not here', status }, count: 1 })
    await up([machine(name, ['t3.small', 't3.micro'])], context(), 'create')
    assert.equal(await placeOf(name), ['t3.small', 'eu-west-1b'])
    await down([machine(name)], context(), 'destroy')
  }
})

test('a type is asked for only in the zones that offer it, and where none of the network does, the failure says which do', async () => {
  const offers = (name: string, ...types: string[]) => ({ name, types })
  const zones = [offers('eu-west-1a', 't3.micro'), offers('eu-west-1b', 't3.small', 't3.micro')]
  await up([machine('offered', ['t3.small', 't3.micro'], zones)], context(), 'create')
  assert.equal(await placeOf('offered'), ['t3.small', 'eu-west-1b'])
  await down([machine('offered')], context(), 'destroy')
  const failure = (await errorOf(
    up([machine('nowhere', ['t3.small'], [offers('eu-west-1c', 't3.small')])], context(), 'create'),
  )) as Failure
  assert.is(failure.message, 'No zone of the network offers t3.small')
  assert.match(failure.details.on!, /^subnet subnet-\w+ in eu-west-1a, subnet subnet-\w+ in eu-west-1b$/)
  assert.match(failure.details.likely!, /^eu-west-1c do/)
  assert.match(failure.details.next!, '--strategy recreate')
})

test('a machine is asked for again while EC2 does not know its profile yet', async () => {
  const third = machine('third')
  const message =
    'Value (arn:aws:iam::1:instance-profile/x) for parameter iamInstanceProfile.arn is invalid. Invalid IAM Instance Profile ARN'
  await cloud.faults({ action: 'ec2:RunInstances', before: { code: 'InvalidParameterValue', message }, count: 1 })
  const walk = context()
  await up([third], walk, 'create')
  assert.ok(walk.told.some(({ detail }) => detail?.startsWith('waiting for the instance profile to be known')))
  await down([third], context(), 'destroy')
})

test('a lost answer never means two machines', async () => {
  const fourth = machine('fourth')
  await cloud.faults({ action: 'ec2:RunInstances', after: 'drop', count: 1 })
  await up([fourth], context(), 'create')
  assert.equal(await cloud.hits(), [1])
  const { Reservations } = await ec2.describeInstances({ Filters: [{ Name: 'tag:test:resource', Values: ['fourth'] }] })
  assert.is(Reservations!.flatMap(({ Instances }) => Instances!).length, 1)
  await down([fourth], context(), 'destroy')
})

test('without a free machine of any type, the failure says so', async () => {
  const fifth = machine('fifth')
  const none = { code: 'InsufficientInstanceCapacity', message: 'none free', status: 500 }
  await cloud.faults({ action: 'ec2:RunInstances', before: none })
  const error = (await errorOf(up([fifth], context(), 'create'))) as Failure
  assert.is(error.message, 'Could not create fifth: InsufficientInstanceCapacity: none free')
  assert.is(
    error.details.likely,
    'AWS has no free machine of this type in the zones of the network at the moment; instance.fallbackTypes can name others.',
  )
})

test('a machine that ends while it starts is told with the reason that AWS gives', async () => {
  const sixth = machine('sixth')
  const walk = context()
  const dead = { InstanceId: 'i-0123456789abcdef0', State: { Name: 'terminated' }, StateReason: { Message: 'Client.VolumeLimitExceeded' } }
  await cloud.faults(
    { action: 'ec2:DescribeInstances', nth: 2, instead: { Reservations: [{ Instances: [dead] }] } },
    {
      action: 'ec2:DescribeInstances',
      nth: 3,
      instead: { Reservations: [{ Instances: [dead] }] },
    },
  )
  const error = (await errorOf(up([sixth], walk, 'create'))) as Failure
  assert.is(error.message, 'The instance ended while it was starting: Client.VolumeLimitExceeded')
  await cloud.faults()
  await down([sixth], context(), 'destroy')
})

test('a command runs as root would and says what came of it', async () => {
  const { id } = await outputOf<Instance>('first')
  const waits: string[] = []
  await agentOnline(clients, id, signal, (detail) => waits.push(detail))
  const options = { comment: 'x'.repeat(120), seconds: 60, signal, waiting: ignore }
  const well = await runCommand(clients, id, 'echo out\necho err >&2', options)
  assert.equal([well.status, well.exitCode, well.stdout, well.stderr], ['Success', 0, 'out\n', 'err\n'])
  const badly = await runCommand(clients, id, 'echo almost\nexit 3', options)
  assert.equal([badly.status, badly.exitCode, badly.stdout], ['Failed', 3, 'almost\n'])
})

test('an agent that never comes online is told with the end of the console', async () => {
  const { id } = await outputOf<Instance>('first')
  const Output = Buffer.from('cloud-init: dnf failed\n').toString('base64')
  await cloud.faults(
    { action: 'ssm:DescribeInstanceInformation', instead: { InstanceInformationList: [] } },
    { action: 'ec2:GetConsoleOutput', instead: { InstanceId: id, Output } },
  )
  const { message, details } = (await errorOf(agentOnline(clients, id, signal, ignore, 2))) as Failure
  assert.is(message, 'The SSM agent did not register within 2 s')
  assert.equal(details.log, ['cloud-init: dnf failed'])
})

test('an invocation that SSM does not know yet is asked for again', async () => {
  const { id } = await outputOf<Instance>('first')
  await cloud.faults({ action: 'ssm:GetCommandInvocation', before: { code: 'InvocationDoesNotExist' }, count: 2 })
  const { status } = await runCommand(clients, id, 'true', { comment: 'early', seconds: 60, signal, waiting: ignore })
  assert.is(status, 'Success')
  assert.equal(await cloud.hits(), [2])
})

test('a command that may not be looked at is an error', async () => {
  const { id } = await outputOf<Instance>('first')
  await cloud.faults({ action: 'ssm:GetCommandInvocation', before: { code: 'AccessDeniedException' } })
  const error = await errorOf(runCommand(clients, id, 'true', { comment: 'denied', seconds: 60, signal, waiting: ignore }))
  assert.is(error.name, 'AccessDeniedException')
})

test('an abort cancels the command on the machine too', async () => {
  const { id } = await outputOf<Instance>('first')
  const aborter = new AbortController()
  const options = { comment: 'long', seconds: 60, signal: aborter.signal, waiting: () => aborter.abort(new Error('stop')) }
  assert.is((await errorOf(runCommand(clients, id, 'sleep 60', options))).name, 'AbortError')
  const ssm = await clients.ssm()
  const { CommandInvocations } = await ssm.listCommandInvocations({ InstanceId: id })
  const long = CommandInvocations!.find(({ Comment }) => Comment === 'long')
  assert.match(long!.Status!, /^Cancel/)
})

test('an agent that is not there yet is waited for', async () => {
  const { id } = await outputOf<Instance>('first')
  await cloud.faults({ action: 'ssm:DescribeInstanceInformation', instead: { InstanceInformationList: [] }, count: 2 })
  const waits: string[] = []
  await agentOnline(clients, id, signal, (detail) => waits.push(detail))
  assert.equal(waits, ['waiting for its agent, 0 s', 'waiting for its agent, 0 s'])
})

test('a session is given to the plugin with its token in a variable, not in an argument', async () => {
  const { id } = await outputOf<Instance>('first')
  const { file, args, env } = await startSession(clients, id, 'sudo docker ps')
  assert.is(file, 'session-manager-plugin')
  const [variable, region, operation, , request, endpoint] = args
  assert.equal([region, operation, endpoint], ['eu-west-1', 'StartSession', cloud.endpoint])
  assert.equal(JSON.parse(request!), {
    Target: id,
    DocumentName: 'AWS-StartInteractiveCommand',
    Parameters: { command: ['sudo docker ps'] },
  })
  const { SessionId, TokenValue, StreamUrl } = JSON.parse(env[variable!]!)
  assert.ok(SessionId && TokenValue && StreamUrl)
  assert.not.ok(args.some((arg) => arg.includes(TokenValue)))
})

test('a session on a machine that is not connected is a failure with the next command', async () => {
  await cloud.faults({ action: 'ssm:StartSession', before: { code: 'TargetNotConnected', message: 'i-1 is not connected' } })
  const error = (await errorOf(startSession(clients, 'i-1'))) as Failure
  assert.is(error.message, 'The machine is not connected to Session Manager')
  assert.match(error.details.next!, 'Values=i-1')
  await cloud.faults({ action: 'ssm:StartSession', before: { code: 'AccessDeniedException' } })
  assert.is((await errorOf(startSession(clients, 'i-1'))).name, 'AccessDeniedException')
})

test('a machine is named as what holds on to its subnet and its group', async () => {
  const ids = [(await outputOf<Instance>('first')).id, (await outputOf<Instance>('second')).id]
  const found = await find([network.first, group], context())
  const ofSubnet = await subnets.blockers!(found.get('subnet-1') as Subnet, context())
  const ofGroup = await securityGroups.blockers!(found.get('security group') as { id: string }, context())
  for (const blockers of [ofSubnet, ofGroup]) {
    assert.is(blockers.length, 2)
    for (const id of ids) assert.ok(blockers.some((text) => text.startsWith('network interface eni-') && text.endsWith(`(in-use, ${id})`)))
  }
})

test('an address moves from one machine to another and back, each by one call', async () => {
  await up([address], context(), 'create')
  const machines = [await outputOf<Instance>('first'), await outputOf<Instance>('second')] as const
  const made = await outputOf<ElasticIp>('elastic ip')
  assert.equal([made.instanceId, made.associationId], [undefined, undefined])
  for (const machine of [machines[0], machines[1], machines[0]]) {
    await associate(clients, made, machine)
    const { instanceId, privateIp } = await outputOf<ElasticIp>('elastic ip')
    assert.equal([instanceId, privateIp], [machine.id, machine.secondIp])
  }
  assert.equal([await outputOf('first'), await outputOf('second')], machines, 'neither has lost the public address of its own')
  assert.equal(
    machines.map((machine) => machine.publicIp !== undefined && machine.publicIp !== made.address),
    [true, true],
  )
})

test('a machine that has one private address only is led to by that, and the address is its way out then', async () => {
  const { secondIp, ...machine } = await outputOf<Instance>('first')
  const led = () => outputOf<ElasticIp>('elastic ip')
  await associate(clients, await led(), { ...machine, secondIp: undefined })
  assert.is((await led()).privateIp, machine.privateIp)
  assert.is(isWayOutOf(await led(), machine), true)
  assert.is((await outputOf<Instance>('first')).publicIp, (await led()).address)
  await associate(clients, await led(), { ...machine, secondIp })
  assert.is(isWayOutOf(await led(), machine), false)
  assert.is(isWayOutOf(undefined, machine), false)
})

test('an address whose create was answered by nobody is allocated once', async () => {
  const other = ownerNamed('other')
  const extra = elasticIp({ tags: other.of('address') })
  await cloud.faults({ action: 'ec2:AllocateAddress', after: 'drop', count: 1 })
  await up([extra], contextFor(clients, other), 'create')
  assert.is((await ec2.describeAddresses({})).Addresses?.length, 2)
  await down([extra], contextFor(clients, other), 'destroy')
})

test('all of it goes, machines before their network; interfaces that stay behind for a while are waited for', async () => {
  await cloud.faults({ action: 'ec2:TerminateInstances', lingerMs: 700 })
  const walk = context()
  await removeTagged({ wanted: () => true }, walk, 'destroy')
  await down([address, profile, theRole], walk, 'destroy')
  assert.is((await find([first, second, address], context())).size, 0)
  assert.ok(walk.told.some(({ detail }) => detail?.startsWith('still held: ')))
  assert.is((await ec2.describeVpcs({})).Vpcs?.length, 0)
})

test.run()
