import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ControlPlane, machineImage, network, openControlPlane, refusal } from '../../cloud.fixture.ts'

let plane: ControlPlane
let ec2: ControlPlane['ec2']

test.before(async () => {
  plane = await openControlPlane()
  ec2 = plane.ec2
})
test.after(() => plane.close())

test('a subnet lies within its VPC and overlaps no other', async () => {
  const VpcId = (await ec2.createVpc({ CidrBlock: '10.0.0.0/16' })).Vpc?.VpcId as string
  const { Subnet } = await ec2.createSubnet({ VpcId, CidrBlock: '10.0.1.0/24', AvailabilityZone: 'eu-west-1b' })
  assert.is(Subnet?.AvailabilityZone, 'eu-west-1b')
  assert.is(Subnet?.AvailabilityZoneId, 'euw1-az2')
  assert.is(Subnet?.AvailableIpAddressCount, 251)
  assert.match(
    await refusal(ec2.createSubnet({ VpcId, CidrBlock: '10.0.1.128/25' })),
    /^InvalidSubnet.Conflict: The CIDR '10.0.1.128\/25' conflicts/,
  )
  assert.match(await refusal(ec2.createSubnet({ VpcId, CidrBlock: '10.1.0.0/24' })), /^InvalidSubnet.Range/)
  assert.match(await refusal(ec2.createSubnet({ VpcId, CidrBlock: '10.0.2.0/29' })), /^InvalidSubnet.Range/)
  assert.match(await refusal(ec2.createSubnet({ VpcId })), /^MissingParameter/)
  assert.match(
    await refusal(ec2.createSubnet({ VpcId, CidrBlock: '10.0.2.0/24', AvailabilityZone: 'us-east-1a' })),
    /eu-west-1a, eu-west-1b, eu-west-1c/,
  )
  const byId = await ec2.createSubnet({ VpcId, CidrBlock: '10.0.2.0/24', AvailabilityZoneId: 'euw1-az3' })
  assert.is(byId.Subnet?.AvailabilityZone, 'eu-west-1c')
  const { Subnets } = await ec2.describeSubnets({ Filters: [{ Name: 'availability-zone', Values: ['eu-west-1c'] }] })
  assert.equal(
    Subnets?.map(({ SubnetId }) => SubnetId),
    [byId.Subnet?.SubnetId],
  )
})

test('it says whether its instances get a public address, and nothing else can be changed', async () => {
  const { SubnetId } = await network(plane)
  await ec2.modifySubnetAttribute({ SubnetId, MapPublicIpOnLaunch: { Value: true } })
  const { Subnets } = await ec2.describeSubnets({ SubnetIds: [SubnetId] })
  assert.is(Subnets?.[0]?.MapPublicIpOnLaunch, true)
  assert.match(await refusal(ec2.modifySubnetAttribute({ SubnetId })), /^MissingParameter/)
  assert.match(await refusal(ec2.modifySubnetAttribute({ SubnetId, EnableDns64: { Value: true } })), /cannot change EnableDns64/)
})

test('it stays while an instance’s interface is in it, and takes its route table association along', async () => {
  const { VpcId, SubnetId } = await network(plane, '10.7.0.0/16')
  const RouteTableId = (await ec2.createRouteTable({ VpcId })).RouteTable?.RouteTableId as string
  await ec2.associateRouteTable({ RouteTableId, SubnetId })
  const ImageId = await machineImage(plane)
  const { Instances } = await ec2.runInstances({ ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1, SubnetId })
  const InstanceId = Instances?.[0]?.InstanceId as string
  assert.is((await ec2.describeSubnets({ SubnetIds: [SubnetId] })).Subnets?.[0]?.AvailableIpAddressCount, 250)
  await ec2.terminateInstances({ InstanceIds: [InstanceId] })
  assert.is(
    await refusal(ec2.deleteSubnet({ SubnetId })),
    `DependencyViolation: The subnet '${SubnetId}' has dependencies and cannot be deleted.`,
  )
  plane.move(InstanceId, 'terminated')
  await ec2.deleteSubnet({ SubnetId })
  const { RouteTables } = await ec2.describeRouteTables({ RouteTableIds: [RouteTableId] })
  assert.equal(RouteTables?.[0]?.Associations, [])
  assert.match(await refusal(ec2.deleteSubnet({ SubnetId })), /^InvalidSubnetID.NotFound/)
})

test('zones and regions are those of the cloud', async () => {
  const { AvailabilityZones } = await ec2.describeAvailabilityZones({})
  assert.equal(
    AvailabilityZones?.map(({ ZoneName }) => ZoneName),
    ['eu-west-1a', 'eu-west-1b', 'eu-west-1c', 'eu-west-1-bkk-1a'],
  )
  const { AvailabilityZones: local } = await ec2.describeAvailabilityZones({ Filters: [{ Name: 'zone-type', Values: ['local-zone'] }] })
  assert.equal(
    local?.map(({ ZoneId, OptInStatus, ParentZoneName, GroupName }) => [ZoneId, OptInStatus, ParentZoneName, GroupName]),
    [['euw1-bkk1-az1', 'opted-in', 'eu-west-1a', 'eu-west-1-bkk-1']],
  )
  const Filters = [{ Name: 'zone-type', Values: ['availability-zone'] }]
  assert.is((await ec2.describeAvailabilityZones({ Filters })).AvailabilityZones?.length, 3)
  const { AvailabilityZones: one } = await ec2.describeAvailabilityZones({
    ZoneNames: ['eu-west-1b'],
    Filters: [{ Name: 'state', Values: ['available'] }],
  })
  assert.equal(
    one?.map(({ ZoneId }) => ZoneId),
    ['euw1-az2'],
  )
  assert.match(await refusal(ec2.describeAvailabilityZones({ ZoneNames: ['eu-west-1z'] })), /^InvalidParameterValue/)
  assert.equal(
    (await ec2.describeRegions({})).Regions?.map(({ RegionName }) => RegionName),
    ['eu-west-1'],
  )
  assert.match(await refusal(ec2.describeRegions({ RegionNames: ['mars-1'] })), /^InvalidParameterValue/)
})

test('a Local Zone has few instance types, and the others are refused there', async () => {
  const offered = await ec2.describeInstanceTypeOfferings({
    LocationType: 'availability-zone',
    Filters: [{ Name: 'location', Values: ['eu-west-1-bkk-1a'] }],
  })
  assert.equal(
    offered.InstanceTypeOfferings?.map(({ InstanceType }) => InstanceType),
    ['t3.medium', 't3.xlarge'],
  )
  const VpcId = (await ec2.createVpc({ CidrBlock: '10.3.0.0/16' })).Vpc?.VpcId
  const made = await ec2.createSubnet({ VpcId, CidrBlock: '10.3.0.0/24', AvailabilityZone: 'eu-west-1-bkk-1a' })
  const SubnetId = made.Subnet?.SubnetId
  assert.is(made.Subnet?.AvailabilityZoneId, 'euw1-bkk1-az1')
  const ImageId = await machineImage(plane)
  const run = (InstanceType: 't3.micro' | 't3.medium') => ec2.runInstances({ ImageId, InstanceType, MinCount: 1, MaxCount: 1, SubnetId })
  assert.is(
    await refusal(run('t3.micro')),
    'Unsupported: Your requested instance type (t3.micro) is not supported in your requested Availability Zone (eu-west-1-bkk-1a).',
  )
  const elsewhere = { ImageId, InstanceType: 't3.medium' as const, MinCount: 1, MaxCount: 1, SubnetId }
  assert.match(await refusal(ec2.runInstances({ ...elsewhere, Placement: { AvailabilityZone: 'eu-west-1a' } })), /^InvalidParameterValue/)
  const { Instances } = await run('t3.medium')
  assert.is(Instances?.[0]?.Placement?.AvailabilityZone, 'eu-west-1-bkk-1a')
})

test.run()
