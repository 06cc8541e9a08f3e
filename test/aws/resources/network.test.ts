import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { down, up } from '../../../src/aws/graph/graph.ts'
import { internetGateway } from '../../../src/aws/resources/internet-gateway.ts'
import { routeTable } from '../../../src/aws/resources/route-table.ts'
import { securityGroup } from '../../../src/aws/resources/security-group.ts'
import { subnet } from '../../../src/aws/resources/subnet.ts'
import { type Vpc, vpc } from '../../../src/aws/resources/vpc.ts'
import type { Failure } from '../../../src/report/failure.ts'
import { contextFor, createTestCloud, errorOf, ownerNamed } from '../../support/cloud.ts'
import { find } from '../find.fixture.ts'

const cloud = await createTestCloud()
const { clients } = cloud
test.after(cloud.end)
test.after.each(() => cloud.faults())

/** A whole network of one owner. */
function network(name: string) {
  const owner = ownerNamed(name)
  const theVpc = vpc({ tags: owner.of('vpc'), cidr: '10.0.0.0/16' })
  const theSubnet = subnet({ tags: owner.of('subnet'), cidr: '10.0.0.0/24', zone: undefined, vpc: theVpc })
  const gateway = internetGateway({ tags: owner.of('gateway'), vpc: theVpc })
  const table = routeTable({ tags: owner.of('table'), vpc: theVpc, subnet: theSubnet, gateway })
  const open = [
    { port: 8001, cidrs: ['0.0.0.0/0'], purpose: 'web' },
    { port: 9090, cidrs: ['192.0.2.0/24', '198.51.100.7/32'], purpose: 'metrics' },
  ]
  const group = securityGroup({ tags: owner.of('group'), name, description: `Ports of ${name}`, open, vpc: theVpc })
  const all = [theVpc, theSubnet, gateway, table, group] as const
  return {
    owner,
    all,
    vpc: theVpc,
    subnet: theSubnet,
    gateway,
    table,
    group,
    up: async () => (await up(all, contextFor(clients, owner), 'create')).outputs,
    there: () => find(all, contextFor(clients, owner)),
    down: async () => {
      await down(all, contextFor(clients, owner), 'destroy')
      assert.is((await find(all, contextFor(clients, owner))).size, 0)
    },
  }
}

test('a network comes up whole, is found as it was made, and goes', async () => {
  const its = network('whole')
  const made = await its.up()
  const found = await its.there()
  assert.equal([...found.keys()].sort(), ['internet gateway', 'route table', 'security group', 'subnet', 'vpc'])
  for (const [name, out] of made) assert.equal(found.get(name), out, name)

  const ec2 = await clients.ec2()
  const { RouteTables } = await ec2.describeRouteTables({ Filters: [{ Name: 'association.main', Values: ['false'] }] })
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
    ...['Vpc', 'Subnet', 'InternetGateway', 'RouteTable', 'SecurityGroup'].map((kind) => ({
      action: `ec2:Create${kind}`,
      before: { code: 'UnauthorizedOperation' },
    })),
  )
  const second = await its.up()
  for (const name of ['vpc', 'subnet', 'internet gateway', 'security group']) assert.equal(second.get(name), first.get(name), name)
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
  const calls = ['AttachInternetGateway', 'CreateRoute', 'AuthorizeSecurityGroupIngress', 'AssociateRouteTable']
  await cloud.faults(...calls.map((call) => ({ action: `ec2:${call}`, after: '500' as const, count: 1 })))
  const made = await its.up()
  assert.equal(await cloud.hits(), [1, 1, 1, 1])
  assert.equal((await its.there()).get('route table'), made.get('route table'))
  await cloud.faults()
  await its.down()
})

test('resources that AWS does not show right away are waited for', async () => {
  const its = network('late')
  const unknown = { code: 'InvalidVpcID.NotFound', message: "The vpc ID 'vpc-1' does not exist" }
  await cloud.faults(
    { action: 'ec2:CreateSubnet', before: unknown, count: 1 },
    { action: 'ec2:CreateSecurityGroup', before: unknown, count: 1 },
    { action: 'ec2:AssociateRouteTable', before: { code: 'InvalidSubnetID.NotFound' }, count: 1 },
  )
  await its.up()
  assert.equal(await cloud.hits(), [1, 1, 1])
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
  assert.match(error.message, /\nHeld up by it: route table$/)
  assert.equal([...(await its.there()).keys()].sort(), ['internet gateway', 'route table', 'security group', 'subnet', 'vpc'])
  await cloud.faults()
  const made = await its.up()
  assert.is((made.get('internet gateway') as { vpcId: string }).vpcId, (made.get('vpc') as Vpc).id)
  await its.down()
})

test('what somebody else removed meanwhile is no obstacle', async () => {
  const its = network('gone')
  const made = await its.up()
  const ec2 = await clients.ec2()
  const { id } = made.get('internet gateway') as { id: string }
  const context = contextFor(clients, its.owner)
  // The listing is taken before, so the removal works with what is not true any more.
  await find(its.all, context)
  await ec2.detachInternetGateway({ InternetGatewayId: id, VpcId: (made.get('vpc') as Vpc).id })
  const [AssociationId] = (made.get('route table') as { associations: string[] }).associations
  await ec2.disassociateRouteTable({ AssociationId })
  await ec2.deleteSubnet({ SubnetId: (made.get('subnet') as { id: string }).id })
  await down(its.all, context, 'destroy')
  assert.is((await its.there()).size, 0)
})

test('a group that opens nothing asks for nothing', async () => {
  const owner = ownerNamed('closed')
  const theVpc = vpc({ tags: owner.of('vpc'), cidr: '10.0.0.0/16' })
  const group = securityGroup({ tags: owner.of('group'), name: 'closed', description: 'Opens nothing', open: [], vpc: theVpc })
  await cloud.faults({ action: 'ec2:AuthorizeSecurityGroupIngress', before: { code: 'UnauthorizedOperation' } })
  await up([group], contextFor(clients, owner), 'create')
  await up([group], contextFor(clients, owner), 'create')
  assert.equal(await cloud.hits(), [0])
  await down([theVpc, group], contextFor(clients, owner), 'destroy')
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
  assert.is(error.details.next, 'npx zx scripts/deploy.mjs --strategy recreate')
  await Promise.all(networks.map((each) => down([each.vpc], contextFor(clients, each.owner), 'destroy')))
})

test('what holds on to a network is named', async () => {
  const its = network('held')
  const made = await its.up()
  const id = (name: string) => (made.get(name) as { id: string }).id
  const blockers = await its.vpc.blockers!(made.get('vpc') as Vpc, contextFor(clients, its.owner))
  assert.equal(blockers, [`subnet ${id('subnet')}`, `security group ${id('security group')} (held)`])
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
