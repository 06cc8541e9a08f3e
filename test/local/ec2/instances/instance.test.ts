import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { visibleAfterEnd } from '../../../../src/local/ec2/instances/live.ts'
import { type ControlPlane, machineImage, network, openControlPlane, refusal } from '../../cloud.fixture.ts'

let plane: ControlPlane
let ec2: ControlPlane['ec2']
let net: Awaited<ReturnType<typeof network>>
let ask: { ImageId: string; InstanceType: 't3.micro'; MinCount: number; MaxCount: number; SubnetId: string }

test.before(async () => {
  plane = await openControlPlane()
  ec2 = plane.ec2
  net = await network(plane)
  ask = { ImageId: await machineImage(plane), InstanceType: 't3.micro', MinCount: 1, MaxCount: 1, SubnetId: net.SubnetId }
})
test.after(() => plane.close())

async function launch(more: object = {}): Promise<string> {
  const { Instances } = await ec2.runInstances({ ...ask, ...more })
  return Instances?.[0]?.InstanceId as string
}

async function end(...InstanceIds: string[]): Promise<void> {
  await ec2.terminateInstances({ InstanceIds })
  for (const id of InstanceIds) plane.move(id, 'terminated')
}

test('an instance has what it was launched with', async () => {
  const { SubnetId, GroupId, VpcId } = net
  const { SubnetId: _, ...bare } = ask
  const { Instances, ReservationId } = await ec2.runInstances({
    ...bare,
    NetworkInterfaces: [{ DeviceIndex: 0, SubnetId, Groups: [GroupId], AssociatePublicIpAddress: true }],
    MetadataOptions: { HttpTokens: 'required', HttpEndpoint: 'enabled', HttpPutResponseHopLimit: 1 },
    BlockDeviceMappings: [
      { DeviceName: '/dev/xvda', Ebs: { VolumeSize: 20, VolumeType: 'gp3', Encrypted: true, DeleteOnTermination: true } },
    ],
    UserData: Buffer.from('#!/bin/sh\n').toString('base64'),
    TagSpecifications: [
      { ResourceType: 'instance', Tags: [{ Key: 'what', Value: 'instance' }] },
      { ResourceType: 'volume', Tags: [{ Key: 'what', Value: 'volume' }] },
      { ResourceType: 'network-interface', Tags: [{ Key: 'what', Value: 'interface' }] },
    ],
  })
  const InstanceId = Instances?.[0]?.InstanceId as string
  assert.match(String(ReservationId), /^r-0/)
  assert.equal(Instances?.[0]?.State, { Code: 0, Name: 'pending' })
  plane.move(InstanceId, 'running')
  const { Reservations } = await ec2.describeInstances({ InstanceIds: [InstanceId] })
  const shown = Reservations?.[0]?.Instances?.[0]
  assert.equal(shown?.State, { Code: 16, Name: 'running' })
  assert.equal([shown?.VpcId, shown?.SubnetId, shown?.Placement?.AvailabilityZone], [VpcId, SubnetId, 'eu-west-1a'])
  assert.equal(shown?.SecurityGroups, [{ GroupId, GroupName: 'app' }])
  assert.match(String(shown?.PrivateIpAddress), /^127\.1\d\d\./)
  assert.match(String(shown?.PublicIpAddress), /^127\.\d+\./)
  assert.is(shown?.MetadataOptions?.HttpPutResponseHopLimit, 1)
  assert.equal(shown?.Tags, [{ Key: 'what', Value: 'instance' }])
  assert.is(shown?.NetworkInterfaces?.[0]?.Association?.IpOwnerId, 'amazon')
  assert.ok(Date.now() - Number(shown?.LaunchTime) < 60_000)

  const { Volumes } = await ec2.describeVolumes({ Filters: [{ Name: 'attachment.instance-id', Values: [InstanceId] }] })
  assert.equal(
    Volumes?.map(({ Size, Encrypted, VolumeType, Tags }) => [Size, Encrypted, VolumeType, Tags?.[0]?.Value]),
    [[20, true, 'gp3', 'volume']],
  )
  const { NetworkInterfaces } = await ec2.describeNetworkInterfaces({ Filters: [{ Name: 'group-id', Values: [GroupId] }] })
  assert.equal(
    NetworkInterfaces?.map(({ Status, TagSet }) => [Status, TagSet?.[0]?.Value]),
    [['in-use', 'interface']],
  )
  const { InstanceStatuses } = await ec2.describeInstanceStatus({ InstanceIds: [InstanceId] })
  assert.is(InstanceStatuses?.[0]?.InstanceStatus?.Status, 'ok')
  const attribute = async (Attribute: 'userData' | 'instanceType' | 'groupSet' | 'disableApiTermination' | 'kernel') =>
    ec2.describeInstanceAttribute({ InstanceId, Attribute })
  assert.is((await attribute('userData')).UserData?.Value, 'IyEvYmluL3NoCg==')
  assert.is((await attribute('instanceType')).InstanceType?.Value, 't3.micro')
  assert.is((await attribute('groupSet')).Groups?.[0]?.GroupId, GroupId)
  assert.is((await attribute('disableApiTermination')).DisableApiTermination?.Value, false)
  assert.match(await refusal(attribute('kernel')), /^InvalidParameterValue/)
  await end(InstanceId)
})

test('the same client token launches once; with other parameters it is refused', async () => {
  const first = await launch({ ClientToken: 'once' })
  assert.is(await launch({ ClientToken: 'once' }), first)
  assert.match(await refusal(launch({ ClientToken: 'once', InstanceType: 't3.small' })), /^IdempotentParameterMismatch/)
  await end(first)
})

test('what AWS would refuse is refused, and launches nothing', async () => {
  const other = await network(plane, '10.8.0.0/16')
  const cases: [object, RegExp][] = [
    [{ ImageId: 'ami-00000000' }, /^InvalidAMIID.NotFound: The image id '\[ami-00000000\]' does not exist/],
    [{ ImageId: 'linux' }, /^InvalidAMIID.Malformed/],
    [{ InstanceType: 't9.mega' }, /^InvalidParameterValue: Invalid value 't9.mega' for InstanceType/],
    [{ InstanceType: 't4g.micro' }, /'arm64' of the specified instance type does not match the architecture 'x86_64'/],
    [{ SubnetId: undefined }, /^MissingInput/],
    [{ SubnetId: 'subnet-00000000' }, /^InvalidSubnetID.NotFound/],
    [{ SecurityGroupIds: [other.GroupId] }, /^InvalidParameter: Security group .* and subnet .* belong to different networks/],
    [{ NetworkInterfaces: [{ SubnetId: net.SubnetId }] }, /^InvalidParameterCombination/],
    [{ SubnetId: undefined, NetworkInterfaces: [{ DeviceIndex: 0 }, { DeviceIndex: 1 }] }, /one network interface/],
    [{ Placement: { AvailabilityZone: 'eu-west-1c' } }, /Invalid availability zone/],
    [{ IamInstanceProfile: { Name: 'nobody' } }, /^InvalidParameterValue: Value \(nobody\) .* Invalid IAM Instance Profile name/],
    [{ IamInstanceProfile: { Arn: 'arn:aws:iam::0:instance-profile/x' } }, /Invalid IAM Instance Profile ARN/],
    [{ UserData: 'ä' }, /^InvalidUserData.Malformed/],
    [{ UserData: Buffer.alloc(16_385).toString('base64') }, /User data is limited to 16384 bytes/],
    [{ BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 4 } }] }, /^InvalidBlockDeviceMapping/],
    [{ BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 99_999 } }] }, /^InvalidParameterValue/],
    [{ BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: { VolumeSize: 8 } }] }, /root volumes/],
    [{ KeyName: 'mine' }, /^UnsupportedOperation: The embedded cloud launches no instances with KeyName/],
    [{ MinCount: 2 }, /Invalid value '1' for maxCount/],
    [{ MinCount: 21, MaxCount: 21 }, /^VcpuLimitExceeded: .* vCPU limit of 40 allows/],
    [{ TagSpecifications: [{ ResourceType: 'vpc', Tags: [{ Key: 'a' }] }] }, /TagSpecification.ResourceType is invalid/],
    [{ DryRun: true }, /^DryRunOperation/],
  ]
  for (const [more, expected] of cases) assert.match(await refusal(launch(more)), expected)
  const Filters = [{ Name: 'instance-state-name', Values: ['pending', 'running'] }]
  assert.equal((await ec2.describeInstances({ Filters })).Reservations, [])
})

test('a profile needs a role before an instance can have it', async () => {
  const { iam } = plane
  await iam.createInstanceProfile({ InstanceProfileName: 'machine' })
  const IamInstanceProfile = { Name: 'machine' }
  assert.match(await refusal(launch({ IamInstanceProfile })), /has no associated IAM Roles/)
  const trust = { Statement: { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' } }
  await iam.createRole({ RoleName: 'machine', AssumeRolePolicyDocument: JSON.stringify(trust) })
  await iam.addRoleToInstanceProfile({ InstanceProfileName: 'machine', RoleName: 'machine' })
  const id = await launch({ IamInstanceProfile })
  const { Reservations } = await ec2.describeInstances({
    Filters: [{ Name: 'iam-instance-profile.arn', Values: ['*instance-profile/machine'] }],
  })
  assert.is(Reservations?.[0]?.Instances?.[0]?.InstanceId, id)
  await end(id)
})

test('several at once get addresses of their own, and the group of the VPC by default', async () => {
  const { Instances = [] } = await ec2.runInstances({ ...ask, MinCount: 1, MaxCount: 3 })
  assert.is(new Set(Instances.map(({ PrivateIpAddress }) => PrivateIpAddress)).size, 3)
  assert.equal(
    Instances.map(({ SecurityGroups }) => SecurityGroups?.[0]?.GroupName),
    ['default', 'default', 'default'],
  )
  assert.ok(
    Instances.every(({ PublicIpAddress }) => PublicIpAddress === undefined),
    'the subnet gives none',
  )
  await end(...Instances.map(({ InstanceId }) => InstanceId as string))
})

test('a protected instance is not terminated', async () => {
  const id = await launch({ DisableApiTermination: true })
  assert.match(await refusal(ec2.terminateInstances({ InstanceIds: [id] })), /^OperationNotPermitted/)
  const protect = (Value: boolean) => ec2.modifyInstanceAttribute({ InstanceId: id, DisableApiTermination: { Value } })
  await protect(false)
  await ec2.modifyInstanceAttribute({ InstanceId: id, Attribute: 'disableApiTermination', Value: 'true' })
  const { DisableApiTermination } = await ec2.describeInstanceAttribute({ InstanceId: id, Attribute: 'disableApiTermination' })
  assert.is(DisableApiTermination?.Value, true)
  assert.match(await refusal(ec2.terminateInstances({ InstanceIds: [id] })), /^OperationNotPermitted/)
  await protect(false)
  await end(id)
  assert.match(await refusal(protect(true)), /^IncorrectInstanceState/)
})

test('of what an instance is, nothing but its protection is changed', async () => {
  const id = await launch()
  assert.match(await refusal(ec2.modifyInstanceAttribute({ InstanceId: id })), /^InvalidParameterCombination/)
  const resize = ec2.modifyInstanceAttribute({ InstanceId: id, InstanceType: { Value: 't3.small' } })
  assert.match(await refusal(resize), /^UnsupportedOperation: .*InstanceType/)
  const named = ec2.modifyInstanceAttribute({ InstanceId: id, Attribute: 'userData', Value: '' })
  assert.match(await refusal(named), /^UnsupportedOperation: .*userData/)
  await end(id)
})

test('a terminated instance is shown for an hour, without addresses and volumes', async () => {
  const id = await launch()
  plane.move(id, 'running')
  const { TerminatingInstances } = await ec2.terminateInstances({ InstanceIds: [id] })
  assert.equal(TerminatingInstances, [
    { InstanceId: id, PreviousState: { Code: 16, Name: 'running' }, CurrentState: { Code: 32, Name: 'shutting-down' } },
  ])
  plane.move(id, 'terminated')
  const again = await ec2.terminateInstances({ InstanceIds: [id] })
  assert.is(again.TerminatingInstances?.[0]?.CurrentState?.Name, 'terminated', 'the same again is no error')
  const { Reservations } = await ec2.describeInstances({ InstanceIds: [id] })
  const shown = Reservations?.[0]?.Instances?.[0]
  assert.equal(
    [shown?.State?.Name, shown?.StateReason?.Code, shown?.SubnetId, shown?.PrivateIpAddress, shown?.BlockDeviceMappings],
    ['terminated', 'Client.UserInitiatedShutdown', undefined, undefined, []],
  )
  const { store } = plane.cloud
  const instance = store.get('instance', id)
  if (instance) store.put('instance', id, { ...instance, TerminatedAt: Date.now() - visibleAfterEnd - 1 })
  assert.match(await refusal(ec2.describeInstances({ InstanceIds: [id] })), /^InvalidInstanceID.NotFound/)
})

test('one that has stopped can be started again; one that goes away cannot', async () => {
  const id = await launch()
  plane.move(id, 'stopped')
  const { StartingInstances } = await ec2.startInstances({ InstanceIds: [id] })
  assert.equal([StartingInstances?.[0]?.PreviousState?.Name, StartingInstances?.[0]?.CurrentState?.Name], ['stopped', 'pending'])
  await ec2.terminateInstances({ InstanceIds: [id] })
  assert.match(await refusal(ec2.startInstances({ InstanceIds: [id] })), /^IncorrectInstanceState/)
  plane.move(id, 'terminated')
})

test('one that is stopped gives back a public address of its own and gets another when it is started', async () => {
  const id = await launch({
    SubnetId: undefined,
    NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: net.SubnetId, Groups: [net.GroupId], AssociatePublicIpAddress: true }],
  })
  assert.match(await refusal(ec2.stopInstances({ InstanceIds: [id] })), /^IncorrectInstanceState/, 'it is pending')
  plane.move(id, 'running')
  const shown = async () => (await ec2.describeInstances({ InstanceIds: [id] })).Reservations?.[0]?.Instances?.[0]
  const before = await shown()
  assert.type(before?.PublicIpAddress, 'string')
  const { StoppingInstances } = await ec2.stopInstances({ InstanceIds: [id] })
  assert.equal([StoppingInstances?.[0]?.PreviousState?.Name, StoppingInstances?.[0]?.CurrentState?.Name], ['running', 'stopping'])
  plane.move(id, 'stopped')
  const stopped = await shown()
  assert.equal([stopped?.PublicIpAddress, stopped?.PrivateIpAddress], [undefined, before?.PrivateIpAddress])
  assert.is(stopped?.StateReason?.Code, 'Client.UserInitiatedShutdown')
  const again = await ec2.stopInstances({ InstanceIds: [id] })
  assert.is(again.StoppingInstances?.[0]?.CurrentState?.Name, 'stopped', 'the same again is no error')
  await ec2.startInstances({ InstanceIds: [id] })
  const started = await shown()
  assert.type(started?.PublicIpAddress, 'string')
  assert.is.not(started?.PublicIpAddress, before?.PublicIpAddress)
  await end(id)
})

test('only one that runs can be rebooted', async () => {
  const id = await launch()
  plane.move(id, 'running')
  await ec2.rebootInstances({ InstanceIds: [id] })
  assert.is(plane.cloud.store.get('instance', id)?.State, 'running')
  plane.move(id, 'stopped')
  assert.match(await refusal(ec2.rebootInstances({ InstanceIds: [id] })), /^IncorrectInstanceState/)
  assert.match(await refusal(ec2.rebootInstances({ InstanceIds: ['i-0123456789abcdef0'] })), /^InvalidInstanceID.NotFound/)
  await end(id)
})

test('interfaces stay behind for as long as a fault rule says', async () => {
  const id = await launch({ SecurityGroupIds: [net.GroupId] })
  plane.faults.set([{ action: 'ec2:TerminateInstances', lingerMs: 60_000 }])
  await end(id)
  plane.faults.set([])
  const Filters = [{ Name: 'attachment.instance-id', Values: [id] }]
  const { NetworkInterfaces } = await ec2.describeNetworkInterfaces({ Filters })
  assert.equal(
    NetworkInterfaces?.map(({ Status, Attachment }) => [Status, Attachment?.Status]),
    [['available', 'detaching']],
  )
  assert.match(await refusal(ec2.deleteSecurityGroup({ GroupId: net.GroupId })), /^DependencyViolation/)
})

test('types are what AWS says of them, and offered in every zone', async () => {
  const { InstanceTypes } = await ec2.describeInstanceTypes({ InstanceTypes: ['t3.micro'] })
  assert.equal([InstanceTypes?.[0]?.VCpuInfo?.DefaultVCpus, InstanceTypes?.[0]?.MemoryInfo?.SizeInMiB], [2, 1024])
  assert.match(await refusal(ec2.describeInstanceTypes({ InstanceTypes: ['t3.mikro' as 't3.micro'] })), /^InvalidInstanceType.*t3.mikro/)
  const { InstanceTypeOfferings } = await ec2.describeInstanceTypeOfferings({
    LocationType: 'availability-zone',
    Filters: [{ Name: 'instance-type', Values: ['c7g.large'] }],
  })
  assert.equal(
    InstanceTypeOfferings?.map(({ Location }) => Location),
    ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'],
  )
  assert.match(await refusal(ec2.describeInstanceTypeOfferings({ LocationType: 'outpost' })), /^InvalidParameterValue/)
})

test('images are those that the public parameters name', async () => {
  const { Images } = await ec2.describeImages({ Owners: ['amazon'], Filters: [{ Name: 'architecture', Values: ['x86_64'] }] })
  assert.equal(
    Images?.map(({ ImageId }) => ImageId),
    [ask.ImageId],
  )
  assert.is(Images?.[0]?.RootDeviceName, '/dev/xvda')
  assert.equal((await ec2.describeImages({ Owners: ['self'] })).Images, [])
})

test.run()
