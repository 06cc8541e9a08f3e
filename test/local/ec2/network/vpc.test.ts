import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ControlPlane, openControlPlane, refusal } from '../../cloud.fixture.ts'

let plane: ControlPlane
let ec2: ControlPlane['ec2']

test.before(async () => {
  plane = await openControlPlane()
  ec2 = plane.ec2
})
test.after(() => plane.close())

test('a VPC comes with a main route table and a default group, and takes both along', async () => {
  const { Vpc } = await ec2.createVpc({
    CidrBlock: '10.1.2.3/16',
    TagSpecifications: [{ ResourceType: 'vpc', Tags: [{ Key: 'a', Value: 'b' }] }],
  })
  assert.match(String(Vpc?.VpcId), /^vpc-0[0-9a-f]{16}$/)
  assert.is(Vpc?.CidrBlock, '10.1.0.0/16', 'the block is cut to its network')
  assert.equal(Vpc?.Tags, [{ Key: 'a', Value: 'b' }])
  const VpcId = Vpc?.VpcId as string
  const Filters = [{ Name: 'vpc-id', Values: [VpcId] }]
  const { RouteTables } = await ec2.describeRouteTables({ Filters })
  assert.equal(
    RouteTables?.[0]?.Associations?.map(({ Main }) => Main),
    [true],
  )
  assert.equal(
    RouteTables?.[0]?.Routes?.map(({ DestinationCidrBlock, GatewayId }) => [DestinationCidrBlock, GatewayId]),
    [['10.1.0.0/16', 'local']],
  )
  const { SecurityGroups } = await ec2.describeSecurityGroups({ Filters })
  assert.equal(
    SecurityGroups?.map(({ GroupName }) => GroupName),
    ['default'],
  )
  await ec2.deleteVpc({ VpcId })
  assert.equal((await ec2.describeRouteTables({ Filters })).RouteTables, [])
  assert.equal((await ec2.describeSecurityGroups({ Filters })).SecurityGroups, [])
  assert.match(await refusal(ec2.describeVpcs({ VpcIds: [VpcId] })), `InvalidVpcID.NotFound: The vpc ID '${VpcId}' does not exist`)
})

test('blocks that are none, too large or too small are refused', async () => {
  assert.match(await refusal(ec2.createVpc({})), /^MissingParameter/)
  assert.match(await refusal(ec2.createVpc({ CidrBlock: '10.0.0.0' })), /^InvalidParameterValue.*not a valid CIDR block/)
  assert.match(await refusal(ec2.createVpc({ CidrBlock: '10.0.0.256/16' })), /^InvalidParameterValue/)
  assert.match(await refusal(ec2.createVpc({ CidrBlock: '10.0.0.0/8' })), /^InvalidVpc.Range/)
  assert.match(await refusal(ec2.createVpc({ CidrBlock: '10.0.0.0/29' })), /^InvalidVpc.Range/)
  assert.match(await refusal(ec2.createVpc({ CidrBlock: '10.0.0.0/16', InstanceTenancy: 'dedicated' })), /^InvalidParameterValue/)
})

test('DNS attributes are set one at a time', async () => {
  const VpcId = (await ec2.createVpc({ CidrBlock: '10.0.0.0/16' })).Vpc?.VpcId as string
  const before = await ec2.describeVpcAttribute({ VpcId, Attribute: 'enableDnsHostnames' })
  assert.is(before.EnableDnsHostnames?.Value, false)
  await ec2.modifyVpcAttribute({ VpcId, EnableDnsHostnames: { Value: true } })
  assert.is((await ec2.describeVpcAttribute({ VpcId, Attribute: 'enableDnsHostnames' })).EnableDnsHostnames?.Value, true)
  assert.is((await ec2.describeVpcAttribute({ VpcId, Attribute: 'enableDnsSupport' })).EnableDnsSupport?.Value, true)
  const both = { VpcId, EnableDnsHostnames: { Value: true }, EnableDnsSupport: { Value: true } }
  assert.match(await refusal(ec2.modifyVpcAttribute(both)), /^InvalidParameterCombination/)
  assert.match(await refusal(ec2.modifyVpcAttribute({ VpcId })), /^MissingParameter/)
  assert.match(await refusal(ec2.describeVpcAttribute({ VpcId, Attribute: 'enableNetworkAddressUsageMetrics' })), /^InvalidParameterValue/)
  await ec2.deleteVpc({ VpcId })
})

test('a VPC with a subnet, a gateway, a route table or a group of one’s own cannot be deleted', async () => {
  const VpcId = (await ec2.createVpc({ CidrBlock: '10.0.0.0/16' })).Vpc?.VpcId as string
  const blocked = async () =>
    assert.is(await refusal(ec2.deleteVpc({ VpcId })), `DependencyViolation: The vpc '${VpcId}' has dependencies and cannot be deleted.`)
  const { Subnet } = await ec2.createSubnet({ VpcId, CidrBlock: '10.0.0.0/24' })
  await blocked()
  await ec2.deleteSubnet({ SubnetId: Subnet?.SubnetId })
  const InternetGatewayId = (await ec2.createInternetGateway({})).InternetGateway?.InternetGatewayId as string
  await ec2.attachInternetGateway({ InternetGatewayId, VpcId })
  await blocked()
  await ec2.detachInternetGateway({ InternetGatewayId, VpcId })
  await ec2.deleteInternetGateway({ InternetGatewayId })
  const { RouteTable } = await ec2.createRouteTable({ VpcId })
  await blocked()
  await ec2.deleteRouteTable({ RouteTableId: RouteTable?.RouteTableId })
  const { GroupId } = await ec2.createSecurityGroup({ VpcId, GroupName: 'app', Description: 'd' })
  await blocked()
  await ec2.deleteSecurityGroup({ GroupId })
  await ec2.deleteVpc({ VpcId })
  assert.match(await refusal(ec2.deleteVpc({ VpcId })), /^InvalidVpcID.NotFound/)
})

test('the sixth VPC is over the quota, which can be asked for before', async () => {
  const { AccountAttributes } = await ec2.describeAccountAttributes({ AttributeNames: ['vpc-max-elastic-ips' as 'supported-platforms'] })
  assert.equal(
    AccountAttributes?.map(({ AttributeName, AttributeValues }) => [AttributeName, AttributeValues?.[0]?.AttributeValue]),
    [['vpc-max-elastic-ips', '5']],
  )
  for (let count = 0; count < 5; count++) await ec2.createVpc({ CidrBlock: '10.0.0.0/16' })
  assert.is(await refusal(ec2.createVpc({ CidrBlock: '10.0.0.0/16' })), 'VpcLimitExceeded: The maximum number of VPCs has been reached.')
  const { Vpcs = [] } = await ec2.describeVpcs({})
  assert.is(Vpcs.length, 5)
  for (const { VpcId } of Vpcs) await ec2.deleteVpc({ VpcId })
})

test('a dry run checks everything and changes nothing', async () => {
  assert.is(
    await refusal(ec2.createVpc({ CidrBlock: '10.0.0.0/16', DryRun: true })),
    'DryRunOperation: Request would have succeeded, but DryRun flag is set.',
  )
  assert.match(await refusal(ec2.createVpc({ CidrBlock: '10.0.0.0/8', DryRun: true })), /^InvalidVpc.Range/)
  assert.equal((await ec2.describeVpcs({})).Vpcs, [])
})

test('an id that cannot be one is malformed, not absent', async () => {
  assert.match(await refusal(ec2.describeVpcs({ VpcIds: ['subnet-1'] })), /^InvalidVpcId.Malformed/)
})

test.run()
