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

async function runningInstance(SubnetId: string): Promise<string> {
  const { Instances } = await ec2.runInstances({
    ImageId: await machineImage(plane),
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
    SubnetId,
  })
  const id = Instances?.[0]?.InstanceId as string
  plane.move(id, 'running')
  return id
}

test('the first address is 127.0.0.1; the sixth is over the quota', async () => {
  const allocated = []
  for (let count = 0; count < 5; count++) allocated.push(await ec2.allocateAddress({ Domain: 'vpc' }))
  assert.equal(
    allocated.map(({ PublicIp }) => PublicIp),
    ['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5'],
  )
  assert.is(await refusal(ec2.allocateAddress({})), 'AddressLimitExceeded: The maximum number of addresses has been reached.')
  await ec2.releaseAddress({ AllocationId: allocated[1]?.AllocationId })
  const next = await ec2.allocateAddress({ TagSpecifications: [{ ResourceType: 'elastic-ip', Tags: [{ Key: 'a', Value: 'b' }] }] })
  assert.is(next.PublicIp, '127.0.0.2', 'a free one is given again')
  const { Addresses } = await ec2.describeAddresses({ Filters: [{ Name: 'tag:a', Values: ['b'] }] })
  assert.equal(
    Addresses?.map(({ AllocationId }) => AllocationId),
    [next.AllocationId],
  )
  for (const { AllocationId } of (await ec2.describeAddresses({})).Addresses ?? []) await ec2.releaseAddress({ AllocationId })
})

test('an address with a port that another program of this computer holds is led nowhere', async () => {
  const { SubnetId } = await network(plane)
  const id = await runningInstance(SubnetId)
  const [group] = (await ec2.describeInstances({ InstanceIds: [id] })).Reservations![0]!.Instances![0]!.SecurityGroups!
  const { AllocationId } = await ec2.allocateAddress({})
  // The machine room of these tests says of port 1 that it is taken.
  for (const port of [1, 2])
    await ec2.authorizeSecurityGroupIngress({
      GroupId: group!.GroupId,
      IpPermissions: [{ IpProtocol: 'tcp', FromPort: port, ToPort: port, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    })
  assert.is(
    await refusal(ec2.associateAddress({ AllocationId, InstanceId: id })),
    'OperationNotPermitted: 127.0.0.1:1 is held by another program on this computer.',
  )
  assert.is((await ec2.describeAddresses({})).Addresses?.[0]?.InstanceId, undefined)
  await ec2.releaseAddress({ AllocationId })
})

test('one call moves an address to another instance, and the same call moves it back', async () => {
  const { SubnetId, VpcId } = await network(plane)
  const [blue, green] = [await runningInstance(SubnetId), await runningInstance(SubnetId)]
  const { AllocationId, PublicIp } = await ec2.allocateAddress({})
  const holder = async () => (await ec2.describeAddresses({ AllocationIds: [AllocationId as string] })).Addresses?.[0]?.InstanceId
  const first = await ec2.associateAddress({ AllocationId, InstanceId: blue })
  assert.is((await ec2.associateAddress({ AllocationId, InstanceId: blue })).AssociationId, first.AssociationId)
  assert.match(
    await refusal(ec2.associateAddress({ AllocationId, InstanceId: green, AllowReassociation: false })),
    /^Resource.AlreadyAssociated/,
  )
  await ec2.associateAddress({ AllocationId, InstanceId: green, AllowReassociation: true })
  assert.is(await holder(), green)
  const { Reservations } = await ec2.describeInstances({ Filters: [{ Name: 'ip-address', Values: [PublicIp as string] }] })
  assert.equal(
    Reservations?.map(({ Instances }) => Instances?.[0]?.InstanceId),
    [green],
  )
  await ec2.associateAddress({ AllocationId, InstanceId: blue })
  assert.is(await holder(), blue)

  assert.is(await refusal(ec2.releaseAddress({ AllocationId })), `InvalidIPAddress.InUse: Address ${PublicIp} is in use.`)
  const { Addresses } = await ec2.describeAddresses({ PublicIps: [PublicIp as string] })
  const { NetworkInterfaceId, AssociationId } = Addresses?.[0] ?? {}
  await ec2.disassociateAddress({ AssociationId })
  assert.match(await refusal(ec2.disassociateAddress({ AssociationId })), /^InvalidAssociationID.NotFound/)
  await ec2.associateAddress({ AllocationId, NetworkInterfaceId })
  await ec2.terminateInstances({ InstanceIds: [blue] })
  assert.is(await holder(), undefined, 'termination sets an address free')
  assert.match(await refusal(ec2.associateAddress({ AllocationId, InstanceId: blue })), /^IncorrectInstanceState/)
  const second = await ec2.allocateAddress({})
  await ec2.associateAddress({ AllocationId, InstanceId: green })
  await ec2.associateAddress({ AllocationId: second.AllocationId, InstanceId: green })
  assert.is(await holder(), undefined, 'an instance has one address: the newer takes its place')
  await ec2.disassociateAddress({ PublicIp: second.PublicIp })
  assert.match(String(VpcId), /^vpc-/)
})

test('an instance that still boots, or whose VPC has no gateway, gets no address', async () => {
  const { SubnetId, VpcId, InternetGatewayId } = await network(plane, '10.6.0.0/16')
  const id = await runningInstance(SubnetId)
  const { AllocationId } = await ec2.allocateAddress({})
  const { store } = plane.cloud
  const instance = store.get('instance', id)
  assert.ok(instance)
  store.put('instance', id, { ...instance, State: 'pending' })
  assert.is(
    await refusal(ec2.associateAddress({ AllocationId, InstanceId: id })),
    `InvalidInstanceID: The pending instance '${id}' is not in a valid state for this operation.`,
  )
  store.put('instance', id, instance)
  await ec2.detachInternetGateway({ InternetGatewayId, VpcId })
  assert.is(
    await refusal(ec2.associateAddress({ AllocationId, InstanceId: id })),
    `Gateway.NotAttached: Network ${VpcId} is not attached to any internet gateway`,
  )
})

test('what names nothing is refused by its own code', async () => {
  const AllocationId = 'eipalloc-00000000000000000'
  assert.match(await refusal(ec2.releaseAddress({ AllocationId })), /^InvalidAllocationID.NotFound/)
  assert.match(await refusal(ec2.releaseAddress({})), /^MissingParameter/)
  assert.match(await refusal(ec2.disassociateAddress({})), /^MissingParameter/)
  assert.match(await refusal(ec2.disassociateAddress({ PublicIp: '192.0.2.1' })), /^InvalidAddress.NotFound/)
  assert.match(await refusal(ec2.describeAddresses({ PublicIps: ['192.0.2.1'] })), /^InvalidAddress.NotFound/)
  assert.match(await refusal(ec2.associateAddress({ InstanceId: 'i-00000000' })), /^MissingParameter/)
  assert.match(await refusal(ec2.associateAddress({ AllocationId })), /^MissingParameter/)
  assert.match(
    await refusal(ec2.associateAddress({ AllocationId, NetworkInterfaceId: 'eni-00000000' })),
    /^InvalidNetworkInterfaceID.NotFound/,
  )
  assert.match(await refusal(ec2.allocateAddress({ Domain: 'standard' })), /^InvalidParameterValue/)
  assert.match(await refusal(ec2.allocateAddress({ Address: '192.0.2.1' })), /^UnsupportedOperation/)
})

test('where the loopback has one address, there is one Elastic IP, and instances have none of their own', async () => {
  const small = await openControlPlane({ oneAddress: true })
  try {
    assert.is((await small.ec2.allocateAddress({})).PublicIp, '127.0.0.1')
    assert.match(await refusal(small.ec2.allocateAddress({})), /^AddressLimitExceeded.*127\.0\.0\.1 only, and it is taken/)
    const { SubnetId } = await network(small)
    await small.ec2.modifySubnetAttribute({ SubnetId, MapPublicIpOnLaunch: { Value: true } })
    const { Instances } = await small.ec2.runInstances({
      ImageId: await machineImage(small),
      InstanceType: 't3.micro',
      MinCount: 1,
      MaxCount: 1,
      SubnetId,
    })
    assert.equal([Instances?.[0]?.PrivateIpAddress, Instances?.[0]?.PublicIpAddress], ['127.0.0.1', undefined])
  } finally {
    await small.close()
  }
})

test.run()
