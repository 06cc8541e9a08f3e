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

test('a gateway is attached to one VPC, and a VPC has one gateway', async () => {
  const { VpcId, InternetGatewayId } = await network(plane)
  assert.is(
    await refusal(ec2.attachInternetGateway({ InternetGatewayId, VpcId })),
    `Resource.AlreadyAssociated: resource ${InternetGatewayId} is already attached to network ${VpcId}`,
  )
  const second = (await ec2.createInternetGateway({})).InternetGateway?.InternetGatewayId as string
  assert.match(await refusal(ec2.attachInternetGateway({ InternetGatewayId: second, VpcId })), /already has an internet gateway attached/)
  assert.match(await refusal(ec2.detachInternetGateway({ InternetGatewayId: second, VpcId })), /^Gateway.NotAttached/)
  assert.match(await refusal(ec2.deleteInternetGateway({ InternetGatewayId })), /^DependencyViolation: The internetGateway/)
  const { InternetGateways } = await ec2.describeInternetGateways({ Filters: [{ Name: 'attachment.vpc-id', Values: [VpcId] }] })
  assert.equal(
    InternetGateways?.map((each) => each.InternetGatewayId),
    [InternetGatewayId],
  )
  assert.equal(InternetGateways?.[0]?.Attachments, [{ State: 'available', VpcId }])
  await ec2.deleteInternetGateway({ InternetGatewayId: second })
  assert.match(await refusal(ec2.deleteInternetGateway({ InternetGatewayId: second })), /^InvalidInternetGatewayID.NotFound/)
})

test('a gateway stays attached while public addresses are mapped', async () => {
  const { VpcId, InternetGatewayId, SubnetId } = await network(plane, '10.5.0.0/16')
  const { Instances } = await ec2.runInstances({
    ImageId: await machineImage(plane),
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
    NetworkInterfaces: [{ DeviceIndex: 0, SubnetId, AssociatePublicIpAddress: true }],
  })
  const InstanceId = Instances?.[0]?.InstanceId as string
  assert.is(
    await refusal(ec2.detachInternetGateway({ InternetGatewayId, VpcId })),
    `DependencyViolation: Network ${VpcId} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
  )
  await ec2.terminateInstances({ InstanceIds: [InstanceId] })
  plane.move(InstanceId, 'terminated')
  await ec2.detachInternetGateway({ InternetGatewayId, VpcId })
})

test.run()
