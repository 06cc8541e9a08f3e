import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { down, up } from '../../../src/aws/graph/graph.ts'
import { networkKinds, removeTagged } from '../../../src/aws/resources/removal.ts'
import { securityGroup } from '../../../src/aws/resources/security-group.ts'
import { type Vpc, vpc, vpcs } from '../../../src/aws/resources/vpc.ts'
import { askCloud } from '../../../src/local/admin/client.ts'
import type { Failure } from '../../../src/report/failure.ts'
import { contextFor, createTestCloud, errorOf, ownerNamed } from '../../support/cloud.ts'
import { find } from '../find.fixture.ts'
import { networkOf } from './network.fixture.ts'

const cloud = await createTestCloud()
const { clients } = cloud
test.after(cloud.end)
test.after.each(() => cloud.faults())

/** A whole network of one owner. */
function network(name: string) {
  const owner = ownerNamed(name)
  const made = networkOf(owner)
  const open = [
    { port: 8001, cidrs: ['0.0.0.0/0'], purpose: 'web' },
    { port: 9090, cidrs: ['192.0.2.0/24', '198.51.100.7/32'], purpose: 'metrics' },
  ]
  const group = securityGroup({ tags: owner.of('group'), name, description: `Ports of ${name}`, open, vpc: made.vpc })
  const all = [made.subnets, group] as const
  return {
    owner,
    all,
    up: async () => (await up(all, contextFor(clients, owner), 'create')).outputs,
    there: () => find(all, contextFor(clients, owner)),
    down: async () => {
      await removeTagged({ kinds: networkKinds, wanted: () => true }, contextFor(clients, owner), 'destroy')
      assert.is((await find(all, contextFor(clients, owner))).size, 0)
    },
  }
}

test('a network comes up whole, is found as it was made, and goes', async () => {
  const its = network('whole')
  const made = await its.up()
  const found = await its.there()
  assert.equal([...found.keys()].sort(), ['internet gateway', 'security group', 'subnet-1', 'subnet-2', 'vpc'])
  const idOf = (out: unknown) => (out as { id: string }).id
  for (const [name, out] of found) assert.is(idOf(out), idOf(made.get(name)), name)
  const zones = ['subnet-1', 'subnet-2'].map((name) => (found.get(name) as { zone: string }).zone)
  assert.equal(zones, ['eu-west-1a', 'eu-west-1b'])

  const ec2 = await clients.ec2()
  const ofVpc = { Name: 'vpc-id', Values: [(made.get('vpc') as Vpc).id] }
  const { RouteTables } = await ec2.describeRouteTables({ Filters: [ofVpc] })
  assert.is(RouteTables?.length, 1)
  const route = RouteTables?.[0]?.Routes?.find(({ DestinationCidrBlock }) => DestinationCidrBlock === '0.0.0.0/0')
  assert.equal(route?.GatewayId, (made.get('internet gateway') as { id: string }).id)
  const { SecurityGroups } = await ec2.describeSecurityGroups({ GroupIds: [(made.get('security group') as { id: string }).id] })
  const opened = SecurityGroups![0]!.IpPermissions!.map(({ IpProtocol, FromPort, ToPort, IpRanges }) => [
    IpProtocol,
    FromPort,
    ToPort,
    IpRanges,
  ])
  assert.equal(opened, [
    ['tcp', 8001, 8001, [{ CidrIp: '0.0.0.0/0', Description: 'web' }]],
    [
      'tcp',
      9090,
      9090,
      [
        { CidrIp: '192.0.2.0/24', Description: 'metrics' },
        { CidrIp: '198.51.100.7/32', Description: 'metrics' },
      ],
    ],
  ])
  await its.down()
})

test('a second walk finds everything, settles it again and makes nothing', async () => {
  const its = network('twice')
  const first = await its.up()
  await cloud.faults(
    ...['Vpc', 'Subnet', 'InternetGateway', 'Route', 'SecurityGroup'].map((kind) => ({
      action: `ec2:Create${kind}`,
      before: { code: 'UnauthorizedOperation' },
    })),
  )
  const second = await its.up()
  for (const name of ['vpc', 'subnet-1', 'subnet-2', 'internet gateway', 'security group'])
    assert.equal(second.get(name), first.get(name), name)
  assert.equal(await cloud.hits(), [0, 0, 0, 0, 0])
  await cloud.faults()
  await its.down()
})

test('a network whose answers are lost after every create is made once', async () => {
  const its = network('lost')
  const creates = ['CreateVpc', 'CreateSubnet', 'CreateInternetGateway', 'CreateSecurityGroup']
  await cloud.faults(...creates.map((call) => ({ action: `ec2:${call}`, after: 'drop' as const, count: 1 })))
  await its.up()
  assert.equal(await cloud.hits(), [1, 1, 1, 1])
  // Two of a kind would be a failure here.
  assert.is((await its.there()).size, 5)
  await cloud.faults()
  await its.down()
})

test('lost answers to the calls that the SDK repeats do no harm', async () => {
  const its = network('repeated')
  const calls = ['AttachInternetGateway', 'CreateRoute', 'AuthorizeSecurityGroupIngress']
  await cloud.faults(...calls.map((call) => ({ action: `ec2:${call}`, after: '500' as const, count: 1 })))
  await its.up()
  assert.equal(await cloud.hits(), [1, 1, 1])
  await cloud.faults()
  await its.down()
})

test('resources that AWS does not show right away are waited for', async () => {
  const its = network('late')
  const unknown = { code: 'InvalidVpcID.NotFound', message: "The vpc ID 'vpc-1' does not exist" }
  await cloud.faults(
    { action: 'ec2:CreateSubnet', before: unknown, count: 1 },
    { action: 'ec2:CreateSecurityGroup', before: unknown, count: 1 },
    { action: 'ec2:DescribeRouteTables', instead: { RouteTables: [] }, count: 1 },
    { action: 'ec2:CreateRoute', before: { code: 'InvalidRouteTableID.NotFound' }, count: 1 },
  )
  await its.up()
  assert.equal(await cloud.hits(), [1, 1, 1, 1])
  await cloud.faults()
  await its.down()
})

test('what was made by a run that was killed before it settled is repaired by the next', async () => {
  const its = network('killed')
  const denied = { code: 'UnauthorizedOperation', message: 'not now' }
  await cloud.faults(
    { action: 'ec2:AttachInternetGateway', before: denied },
    { action: 'ec2:AuthorizeSecurityGroupIngress', before: denied },
  )
  const error = (await errorOf(its.up())) as Failure
  assert.is(error.code, 3)
  assert.match(error.message, /^Could not create (internet gateway|security group): UnauthorizedOperation: not now\nAlso failed: /)
  assert.match(error.message, /\nHeld up by it: routes$/)
  assert.equal([...(await its.there()).keys()].sort(), ['internet gateway', 'security group', 'subnet-1', 'subnet-2', 'vpc'])
  await cloud.faults()
  const made = await its.up()
  assert.is((made.get('internet gateway') as { vpcId: string }).vpcId, (made.get('vpc') as Vpc).id)
  await its.down()
})

test('what was changed by hand is brought back: the attachment, the route, an association, the resolving of names', async () => {
  const its = network('drifted')
  const made = await its.up()
  const ec2 = await clients.ec2()
  const id = (name: string) => (made.get(name) as { id: string }).id
  const VpcId = id('vpc')
  const { RouteTables } = await ec2.describeRouteTables({ Filters: [{ Name: 'vpc-id', Values: [VpcId] }] })
  const [{ RouteTableId }] = RouteTables as [{ RouteTableId: string }]
  const InternetGatewayId = id('internet gateway')
  const everywhere = { RouteTableId, DestinationCidrBlock: '0.0.0.0/0' }
  const isPublic = async () => {
    const { RouteTables: tables = [] } = await ec2.describeRouteTables({ RouteTableIds: [RouteTableId] })
    return tables[0]!.Routes!.some((route) => route.GatewayId === InternetGatewayId && route.State === 'active')
  }
  const drifts = {
    'no route': () => ec2.deleteRoute(everywhere),
    'no attachment': () => ec2.detachInternetGateway({ InternetGatewayId, VpcId }),
    'another gateway': async () => {
      await ec2.detachInternetGateway({ InternetGatewayId, VpcId })
      const { InternetGateway } = await ec2.createInternetGateway({})
      const strange = InternetGateway!.InternetGatewayId!
      await ec2.attachInternetGateway({ InternetGatewayId: strange, VpcId })
      await ec2.replaceRoute({ ...everywhere, GatewayId: strange })
      await ec2.detachInternetGateway({ InternetGatewayId: strange, VpcId })
      await ec2.deleteInternetGateway({ InternetGatewayId: strange })
    },
  }
  for (const [name, drift] of Object.entries(drifts)) {
    await drift()
    assert.is(await isPublic(), false, name)
    await its.up()
    assert.is(await isPublic(), true, name)
  }

  const other = (await ec2.createRouteTable({ VpcId })).RouteTable!.RouteTableId!
  await ec2.associateRouteTable({ RouteTableId: other, SubnetId: id('subnet-2') })
  await ec2.modifyVpcAttribute({ VpcId, EnableDnsSupport: { Value: false } })
  await its.up()
  const { RouteTables: [theirs] = [] } = await ec2.describeRouteTables({ RouteTableIds: [other] })
  assert.equal(theirs!.Associations, [])
  const { EnableDnsSupport } = await ec2.describeVpcAttribute({ VpcId, Attribute: 'enableDnsSupport' })
  assert.is(EnableDnsSupport!.Value, true)
  await ec2.deleteRouteTable({ RouteTableId: other })
  await ec2.deleteSubnet({ SubnetId: id('subnet-1') })
  await its.up()
  assert.is((await its.there()).size, 5)
  await its.down()
})

test('what somebody else removed meanwhile is no obstacle', async () => {
  const its = network('gone')
  const made = await its.up()
  const ec2 = await clients.ec2()
  const { id } = made.get('internet gateway') as { id: string }
  const context = contextFor(clients, its.owner)
  // The listing is taken before, so the removal works with what is not true any more.
  for (const kind of networkKinds) await context.inventory.all(kind)
  await ec2.detachInternetGateway({ InternetGatewayId: id, VpcId: (made.get('vpc') as Vpc).id })
  await ec2.deleteSubnet({ SubnetId: (made.get('subnet-1') as { id: string }).id })
  await removeTagged({ wanted: () => true }, context, 'destroy')
  assert.is((await its.there()).size, 0)
})

/** As if a machine ran in the network of an owner while GuardDuty watches over it. */
async function watched(its: ReturnType<typeof network>, made: ReadonlyMap<string, unknown>): Promise<void> {
  const ec2 = await clients.ec2()
  const ssm = await clients.ssm()
  const image = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64'
  const { Parameter } = await ssm.getParameter({ Name: image })
  const { Instances } = await ec2.runInstances({
    ImageId: Parameter!.Value,
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
    SubnetId: (made.get('subnet-1') as { id: string }).id,
  })
  const InstanceIds = [Instances![0]!.InstanceId!]
  const { waitUntilInstanceRunning, waitUntilInstanceTerminated } = await import('@aws-sdk/client-ec2')
  const waiter = { client: ec2, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }
  await askCloud(cloud.folder, 'guardduty', { enabled: true })
  await waitUntilInstanceRunning(waiter, { InstanceIds })
  await ec2.terminateInstances({ InstanceIds })
  await waitUntilInstanceTerminated(waiter, { InstanceIds })
  await askCloud(cloud.folder, 'guardduty', { enabled: false })
  assert.is(
    (await vpcs.blockers!(made.get('vpc') as Vpc, contextFor(clients, its.owner))).filter((text) => /guardduty/i.test(text)).length,
    2,
  )
}

test('what GuardDuty left goes with a network of ours, and is told', async () => {
  const its = network('watched')
  await watched(its, await its.up())
  const taken: string[] = []
  const context = { ...contextFor(clients, its.owner), alsoRemoved: (kind: string) => taken.push(kind) }
  await removeTagged({ wanted: () => true }, context, 'destroy')
  assert.equal([...new Set(taken)].sort(), ['GuardDuty endpoint', 'GuardDuty security group'])
  assert.is((await its.there()).size, 0)
  const ec2 = await clients.ec2()
  assert.equal((await ec2.describeVpcEndpoints({})).VpcEndpoints, [])
})

test('what anybody else has put into a network of ours stays, and is named as what is in the way', async () => {
  const its = network('shared')
  const made = await its.up()
  const VpcId = (made.get('vpc') as Vpc).id
  const ec2 = await clients.ec2()
  const { GroupId } = await ec2.createSecurityGroup({ VpcId, GroupName: 'theirs', Description: 'Of others' })
  const context = { ...contextFor(clients, its.owner), detaching: 1 }
  const failure = (await errorOf(removeTagged({ wanted: () => true }, context, 'destroy'))) as Failure
  assert.match(failure.message, /^Could not remove vpc: /)
  assert.is(failure.details.likely, `It is used by security group ${GroupId} (theirs).`)
  await ec2.deleteSecurityGroup({ GroupId })
  await its.down()
})

test('a group that opens nothing asks for nothing', async () => {
  const owner = ownerNamed('closed')
  const theVpc = vpc({ tags: owner.of('vpc'), cidr: '10.0.0.0/16' })
  const group = securityGroup({ tags: owner.of('group'), name: 'closed', description: 'Opens nothing', open: [], vpc: theVpc })
  await cloud.faults({ action: 'ec2:AuthorizeSecurityGroupIngress', before: { code: 'UnauthorizedOperation' } })
  await up([group], contextFor(clients, owner), 'create')
  await up([group], contextFor(clients, owner), 'create')
  assert.equal(await cloud.hits(), [0])
  await removeTagged({ wanted: () => true }, contextFor(clients, owner), 'destroy')
})

test('a VPC beyond the quota is refused with the way out', async () => {
  const names = ['q1', 'q2', 'q3', 'q4', 'q5', 'q6']
  const networks = names.map((name) => {
    const owner = ownerNamed(name)
    return { owner, vpc: vpc({ tags: owner.of('vpc'), cidr: '10.0.0.0/16' }) }
  })
  for (const each of networks.slice(0, 5)) await up([each.vpc], contextFor(clients, each.owner), 'create')
  const sixth = networks[5]!
  const error = (await errorOf(up([sixth.vpc], contextFor(clients, sixth.owner), 'create'))) as Failure
  assert.match(error.message, /^Could not create vpc: VpcLimitExceeded: /)
  assert.match(error.details.next!, '--quota-code L-F678F1CE --desired-value 10')
  await Promise.all(networks.map((each) => down([each.vpc], contextFor(clients, each.owner), 'destroy')))
})

test('what holds on to a network is named', async () => {
  const its = network('held')
  const made = await its.up()
  const id = (name: string) => (made.get(name) as { id: string }).id
  const blockers = await vpcs.blockers!(made.get('vpc') as Vpc, contextFor(clients, its.owner))
  // The subnets are made side by side, so either may be listed first.
  const held = [`subnet ${id('subnet-1')}`, `subnet ${id('subnet-2')}`, `security group ${id('security group')} (held)`]
  assert.equal(blockers.toSorted(), held.toSorted())
  await its.down()
})

test('two networks with the same tags are a failure that names both', async () => {
  const its = network('double')
  const ec2 = await clients.ec2()
  const Tags = Object.entries(its.owner.of('vpc')).map(([Key, Value]) => ({ Key, Value }))
  const request = { CidrBlock: '10.1.0.0/16', TagSpecifications: [{ ResourceType: 'vpc' as const, Tags }] }
  const ids = [(await ec2.createVpc(request)).Vpc!.VpcId!, (await ec2.createVpc(request)).Vpc!.VpcId!]
  const error = (await errorOf(its.up())) as Failure
  assert.match(error.message, /^Found 2 resources where one was expected\n/)
  for (const id of ids) assert.match(error.details.on!, id)
  for (const VpcId of ids) await ec2.deleteVpc({ VpcId })
})

test.run()
