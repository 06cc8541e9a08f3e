import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { ownAddressMs } from '../../../../src/local/delays.ts'
import { giveOwnAddresses } from '../../../../src/local/ec2/instances/public-address.ts'
import { type ControlPlane, machineImage, network, openControlPlane, refusal } from '../../cloud.fixture.ts'

let plane: ControlPlane
let ec2: ControlPlane['ec2']
/** Of a network that several tests use. */
let SubnetId: string

test.before(async () => {
  plane = await openControlPlane()
  ec2 = plane.ec2
  ;({ SubnetId } = await network(plane, '10.7.0.0/16'))
})
test.after(() => plane.close())

/** An instance with a public address of its own and one secondary private address, and its addresses. */
async function reachable() {
  const { Instances } = await ec2.runInstances({
    ImageId: await machineImage(plane),
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
    NetworkInterfaces: [{ DeviceIndex: 0, SubnetId, AssociatePublicIpAddress: true, SecondaryPrivateIpAddressCount: 1 }],
  })
  const { InstanceId, NetworkInterfaces } = Instances![0]!
  plane.move(InstanceId!, 'running')
  const { NetworkInterfaceId, PrivateIpAddresses } = NetworkInterfaces![0]!
  const [primary, secondary] = PrivateIpAddresses!.map(({ PrivateIpAddress }) => PrivateIpAddress!)
  return { id: InstanceId!, NetworkInterfaceId, primary: primary!, secondary: secondary! }
}

/** The private addresses of an instance, each with the public one that leads to it; the second is its own or `-`. */
async function addressesOf(id: string) {
  const { Reservations } = await ec2.describeInstances({ InstanceIds: [id] })
  const { PublicIpAddress, NetworkInterfaces } = Reservations![0]!.Instances![0]!
  const list = NetworkInterfaces![0]!.PrivateIpAddresses!
  return { own: PublicIpAddress, public: list.map(({ Association }) => Association?.PublicIp), primary: list.map(({ Primary }) => Primary) }
}

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

test('an Elastic IP on a secondary private address leaves the primary one with the public address that it has', async () => {
  const { id, NetworkInterfaceId, secondary } = await reachable()
  const { own } = await addressesOf(id)
  assert.match(String(own), /^127\./)
  const { AllocationId, PublicIp } = await ec2.allocateAddress({})
  const { AssociationId } = await ec2.associateAddress({ AllocationId, NetworkInterfaceId, PrivateIpAddress: secondary })
  assert.equal(await addressesOf(id), { own, public: [own, PublicIp], primary: [true, false] })
  const { Addresses } = await ec2.describeAddresses({ Filters: [{ Name: 'private-ip-address', Values: [secondary] }] })
  assert.equal(
    Addresses?.map((each) => [each.PublicIp, each.InstanceId, each.NetworkInterfaceId, each.AssociationId]),
    [[PublicIp, id, NetworkInterfaceId, AssociationId]],
  )
  const found = await ec2.describeNetworkInterfaces({ Filters: [{ Name: 'addresses.private-ip-address', Values: [secondary] }] })
  assert.is(found.NetworkInterfaces?.[0]?.PrivateIpAddresses?.[1]?.Association?.AllocationId, AllocationId)
  assert.is(found.NetworkInterfaces?.[0]?.Association?.PublicIp, own)
  // Switched off with an Elastic IP on a secondary address, it gives its own up for good.
  await ec2.stopInstances({ InstanceIds: [id] })
  plane.move(id, 'stopped')
  await ec2.startInstances({ InstanceIds: [id] })
  plane.move(id, 'running')
  assert.equal((await addressesOf(id)).public, [undefined, PublicIp])
  await ec2.terminateInstances({ InstanceIds: [id] })
  assert.is((await ec2.describeAddresses({ AllocationIds: [AllocationId!] })).Addresses?.[0]?.InstanceId, undefined)
  await ec2.releaseAddress({ AllocationId })
})

test('an Elastic IP on the primary private address releases its public one at once; another comes late, if at all', async () => {
  const { id, NetworkInterfaceId, primary, secondary } = await reachable()
  const { own } = await addressesOf(id)
  const [first, second] = [await ec2.allocateAddress({}), await ec2.allocateAddress({})]
  const { AssociationId } = await ec2.associateAddress({ AllocationId: first.AllocationId, InstanceId: id })
  assert.equal((await addressesOf(id)).public, [first.PublicIp, undefined])
  // From the primary to the secondary address of the same instance: the primary one has none then.
  await ec2.associateAddress({ AllocationId: first.AllocationId, NetworkInterfaceId, PrivateIpAddress: secondary })
  assert.equal((await addressesOf(id)).public, [undefined, first.PublicIp])
  assert.match(await refusal(ec2.disassociateAddress({ AssociationId })), /^InvalidAssociationID.NotFound/)
  const later = Date.now() + ownAddressMs()
  giveOwnAddresses(plane.cloud, later - 1000)
  assert.is((await addressesOf(id)).own, undefined, 'not yet')
  giveOwnAddresses(plane.cloud, later)
  const again = (await addressesOf(id)).own
  assert.match(String(again), /^127\./)
  assert.is.not(again, own)
  // Where the secondary address has an Elastic IP when the primary one gives its own up, that is for good.
  await ec2.associateAddress({ AllocationId: second.AllocationId, NetworkInterfaceId, PrivateIpAddress: primary })
  await ec2.disassociateAddress({ PublicIp: second.PublicIp })
  giveOwnAddresses(plane.cloud, later + 60_000)
  assert.equal((await addressesOf(id)).public, [undefined, first.PublicIp])
  await ec2.terminateInstances({ InstanceIds: [id] })
  for (const { AllocationId } of [first, second]) await ec2.releaseAddress({ AllocationId })
})

test('an association names one private address of one interface, and may not take one that has an address already', async () => {
  const { id, NetworkInterfaceId, primary, secondary } = await reachable()
  const [first, second] = [await ec2.allocateAddress({}), await ec2.allocateAddress({})]
  const { AllocationId } = first
  assert.match(await refusal(ec2.associateAddress({ AllocationId, InstanceId: id, NetworkInterfaceId })), /^InvalidParameterCombination/)
  assert.is(
    await refusal(ec2.associateAddress({ AllocationId, NetworkInterfaceId, PrivateIpAddress: '10.9.0.77' })),
    `InvalidParameterValue: Invalid value '10.9.0.77' for privateIpAddress. The address is not assigned to interface ${NetworkInterfaceId}.`,
  )
  const { AssociationId } = await ec2.associateAddress({ AllocationId, InstanceId: id, PrivateIpAddress: secondary })
  const other = { AllocationId: second.AllocationId, NetworkInterfaceId, AllowReassociation: false }
  assert.is(
    await refusal(ec2.associateAddress({ ...other, PrivateIpAddress: secondary })),
    `Resource.AlreadyAssociated: resource ${secondary} is already associated with associate-id ${AssociationId}`,
  )
  await ec2.associateAddress({ ...other, PrivateIpAddress: primary })
  assert.equal((await addressesOf(id)).public, [second.PublicIp, first.PublicIp])
  const ask = { ImageId: await machineImage(plane), InstanceType: 't3.micro' as const, MinCount: 1, MaxCount: 1 }
  const face = { DeviceIndex: 0, SubnetId }
  assert.match(
    await refusal(ec2.runInstances({ ...ask, NetworkInterfaces: [{ ...face, SecondaryPrivateIpAddressCount: 2 }] })),
    /^PrivateIpAddressLimitExceeded/,
  )
  assert.match(
    await refusal(ec2.runInstances({ ...ask, NetworkInterfaces: [{ ...face, Ipv6AddressCount: 1 }] })),
    /^UnsupportedOperation: .* with Ipv6AddressCount/,
  )
  await ec2.terminateInstances({ InstanceIds: [id] })
  for (const each of [first, second]) await ec2.releaseAddress({ AllocationId: each.AllocationId })
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
