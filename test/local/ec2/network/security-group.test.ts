import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ControlPlane, machineImage, network, openControlPlane, refusal } from '../../cloud.fixture.ts'

let plane: ControlPlane
let ec2: ControlPlane['ec2']
let net: Awaited<ReturnType<typeof network>>
const world = [{ CidrIp: '0.0.0.0/0' }]

test.before(async () => {
  plane = await openControlPlane()
  ec2 = plane.ec2
  net = await network(plane)
})
test.after(() => plane.close())

test('a new group admits nobody and may reach everything', async () => {
  const { SecurityGroups } = await ec2.describeSecurityGroups({ GroupIds: [net.GroupId] })
  assert.equal(SecurityGroups?.[0]?.IpPermissions, [])
  assert.equal(SecurityGroups?.[0]?.IpPermissionsEgress, [
    { IpProtocol: '-1', UserIdGroupPairs: [], IpRanges: world, Ipv6Ranges: [], PrefixListIds: [] },
  ])
})

test('names are checked, and a name is there once in a VPC', async () => {
  const { VpcId } = net
  const create = (GroupName: string, Description = 'd') => refusal(ec2.createSecurityGroup({ VpcId, GroupName, Description }))
  assert.is(await create('app'), `InvalidGroup.Duplicate: The security group 'app' already exists for VPC '${VpcId}'`)
  assert.match(await create('default'), /reserved security group name/)
  assert.match(await create('sg-1'), /^InvalidParameterValue/)
  assert.match(await create('other', 'ümlaut'), /groupDescription/)
  assert.match(await refusal(ec2.createSecurityGroup({ GroupName: 'x', Description: 'd' })), /^VPCIdNotSpecified/)
})

test('rules are opened, shown together by ports, and closed again', async () => {
  const { GroupId } = net
  const permission = { IpProtocol: 'tcp', FromPort: 8001, ToPort: 8001 }
  const { SecurityGroupRules: opened } = await ec2.authorizeSecurityGroupIngress({
    GroupId,
    IpPermissions: [{ ...permission, IpRanges: [{ CidrIp: '10.1.2.3/8', Description: 'us' }, ...world] }],
    TagSpecifications: [{ ResourceType: 'security-group-rule', Tags: [{ Key: 'a', Value: 'b' }] }],
  })
  assert.equal(
    opened?.map(({ CidrIpv4, IsEgress, Tags }) => [CidrIpv4, IsEgress, Tags]),
    [
      ['10.0.0.0/8', false, [{ Key: 'a', Value: 'b' }]],
      ['0.0.0.0/0', false, [{ Key: 'a', Value: 'b' }]],
    ],
  )
  assert.is(
    await refusal(ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [{ ...permission, IpRanges: world }] })),
    'InvalidPermission.Duplicate: the specified rule "peer: 0.0.0.0/0, TCP, from port: 8001, to port: 8001, ALLOW" already exists',
  )
  const { SecurityGroups } = await ec2.describeSecurityGroups({ Filters: [{ Name: 'ip-permission.from-port', Values: ['8001'] }] })
  assert.equal(SecurityGroups?.[0]?.IpPermissions, [
    {
      ...permission,
      UserIdGroupPairs: [],
      IpRanges: [{ CidrIp: '10.0.0.0/8', Description: 'us' }, ...world],
      Ipv6Ranges: [],
      PrefixListIds: [],
    },
  ])
  const { SecurityGroupRules = [] } = await ec2.describeSecurityGroupRules({ Filters: [{ Name: 'group-id', Values: [GroupId] }] })
  assert.is(SecurityGroupRules.length, 3, 'and the one for everything outward')
  await ec2.revokeSecurityGroupIngress({ GroupId, SecurityGroupRuleIds: [opened?.[0]?.SecurityGroupRuleId as string] })
  await ec2.revokeSecurityGroupIngress({ GroupId, IpPermissions: [{ ...permission, IpRanges: world }] })
  assert.match(
    await refusal(ec2.revokeSecurityGroupIngress({ GroupId, IpPermissions: [{ ...permission, IpRanges: world }] })),
    /^InvalidPermission.NotFound/,
  )
  assert.match(
    await refusal(ec2.revokeSecurityGroupIngress({ GroupId, SecurityGroupRuleIds: ['sgr-00000000000000000'] })),
    /^InvalidSecurityGroupRuleId.NotFound/,
  )
  assert.equal((await ec2.describeSecurityGroups({ GroupIds: [GroupId] })).SecurityGroups?.[0]?.IpPermissions, [])
})

test('what cannot be a rule is refused and changes nothing', async () => {
  const { GroupId } = net
  const open = (permission: object) => refusal(ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [permission] }))
  assert.match(await open({ IpProtocol: 'carrier-pigeon', IpRanges: world }), /^InvalidPermission.Malformed/)
  assert.match(await open({ IpProtocol: 'tcp', IpRanges: world }), /^InvalidParameterValue.*both from and to ports/)
  assert.match(await open({ IpProtocol: 'tcp', FromPort: 80, ToPort: 79, IpRanges: world }), /^InvalidParameterValue/)
  assert.match(await open({ IpProtocol: 'tcp', FromPort: 80, ToPort: 70000, IpRanges: world }), /^InvalidParameterValue/)
  assert.match(
    await open({ IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [{ CidrIp: 'anywhere' }] }),
    /CIDR block anywhere is malformed/,
  )
  assert.match(await open({ IpProtocol: 'tcp', FromPort: 80, ToPort: 80 }), /^InvalidParameterValue.*source/)
  assert.match(await open({ IpProtocol: '-1', PrefixListIds: [{ PrefixListId: 'pl-1' }] }), /^InvalidPrefixListID.NotFound/)
  const twice = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, IpRanges: [...world, ...world] }
  assert.match(await open(twice), /^InvalidPermission.Duplicate/)
  assert.match(await refusal(ec2.authorizeSecurityGroupIngress({ GroupId })), /^MissingParameter/)
  assert.match(
    await refusal(ec2.authorizeSecurityGroupIngress({ GroupName: 'app', CidrIp: '0.0.0.0/0', IpProtocol: '-1' })),
    /^MissingParameter/,
  )
  const many = Array.from({ length: 61 }, (_, index) => ({ IpProtocol: 'udp', FromPort: index, ToPort: index, IpRanges: world }))
  assert.match(await refusal(ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: many })), /^RulesPerSecurityGroupLimitExceeded/)
  assert.equal((await ec2.describeSecurityGroups({ GroupIds: [GroupId] })).SecurityGroups?.[0]?.IpPermissions, [])
})

test('a group that another names, or an instance has, stays', async () => {
  const { VpcId, SubnetId } = net
  const create = async (GroupName: string) => (await ec2.createSecurityGroup({ VpcId, GroupName, Description: 'd' })).GroupId as string
  const [one, two] = [await create('one'), await create('two')]
  const pair = [{ IpProtocol: 'tcp', FromPort: 1, ToPort: 2, UserIdGroupPairs: [{ GroupId: one, Description: 'peer' }] }]
  await ec2.authorizeSecurityGroupEgress({ GroupId: two, IpPermissions: pair })
  const { SecurityGroups } = await ec2.describeSecurityGroups({ Filters: [{ Name: 'egress.ip-permission.group-id', Values: [one] }] })
  assert.equal(
    SecurityGroups?.map(({ GroupId }) => GroupId),
    [two],
  )
  const blocked = `DependencyViolation: resource ${one} has a dependent object`
  assert.is(await refusal(ec2.deleteSecurityGroup({ GroupId: one })), blocked)
  await ec2.revokeSecurityGroupEgress({ GroupId: two, IpPermissions: pair })
  const { Instances } = await ec2.runInstances({
    ImageId: await machineImage(plane),
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
    SubnetId,
    SecurityGroupIds: [one],
  })
  const InstanceId = Instances?.[0]?.InstanceId as string
  await ec2.terminateInstances({ InstanceIds: [InstanceId] })
  assert.is(await refusal(ec2.deleteSecurityGroup({ GroupId: one })), blocked)
  plane.move(InstanceId, 'terminated')
  await ec2.deleteSecurityGroup({ GroupId: one })
  assert.match(await refusal(ec2.deleteSecurityGroup({ GroupId: one })), /^InvalidGroup.NotFound: The security group/)
})

test('groups of two VPCs do not know each other, and the default group stays', async () => {
  const other = await network(plane, '10.9.0.0/16')
  const IpPermissions = [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: other.GroupId }] }]
  assert.match(await refusal(ec2.authorizeSecurityGroupIngress({ GroupId: net.GroupId, IpPermissions })), /^InvalidGroup.NotFound/)
  const { SecurityGroups } = await ec2.describeSecurityGroups({
    Filters: [
      { Name: 'group-name', Values: ['default'] },
      { Name: 'vpc-id', Values: [net.VpcId] },
    ],
  })
  const GroupId = SecurityGroups?.[0]?.GroupId as string
  assert.is(
    await refusal(ec2.deleteSecurityGroup({ GroupId })),
    `CannotDelete: the specified group: "${GroupId}" name: "default" cannot be deleted by a user`,
  )
  assert.match(await refusal(ec2.deleteSecurityGroup({ GroupName: 'app' })), /^MissingParameter/)
})

test('every change of rules is told to the machine room, a look is not', async () => {
  const before = plane.reconciled()
  await ec2.describeSecurityGroups({})
  assert.is(plane.reconciled(), before)
  await ec2.authorizeSecurityGroupIngress({ GroupId: net.GroupId, IpProtocol: 'tcp', FromPort: 9, ToPort: 9, CidrIp: '0.0.0.0/0' })
  assert.is(plane.reconciled(), before + 1)
})

test.run()
