import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ControlPlane, network, openControlPlane, refusal } from '../../cloud.fixture.ts'

let plane: ControlPlane
let ec2: ControlPlane['ec2']

test.before(async () => {
  plane = await openControlPlane()
  ec2 = plane.ec2
})
test.after(() => plane.close())

test('a route leads through a gateway of the same VPC; it is a black hole once that is detached', async () => {
  const { VpcId, InternetGatewayId, SubnetId } = await network(plane, '10.2.0.0/16')
  const other = await network(plane, '10.3.0.0/16')
  const RouteTableId = (await ec2.createRouteTable({ VpcId })).RouteTable?.RouteTableId as string
  const route = { RouteTableId, DestinationCidrBlock: '0.0.0.0/0' }
  assert.match(await refusal(ec2.createRoute({ ...route, GatewayId: other.InternetGatewayId })), /belong to different networks/)
  assert.match(await refusal(ec2.createRoute({ ...route, GatewayId: 'igw-00000000000000000' })), /^InvalidGatewayID.NotFound/)
  assert.match(await refusal(ec2.createRoute({ ...route, NatGatewayId: 'nat-1' })), /no routes with NatGatewayId/)
  assert.match(await refusal(ec2.createRoute(route)), /^MissingParameter/)
  assert.match(await refusal(ec2.createRoute({ RouteTableId, GatewayId: InternetGatewayId })), /^MissingParameter/)
  await ec2.createRoute({ ...route, GatewayId: InternetGatewayId })
  assert.is(
    await refusal(ec2.createRoute({ ...route, GatewayId: InternetGatewayId })),
    'RouteAlreadyExists: The route identified by 0.0.0.0/0 already exists.',
  )
  const { AssociationId } = await ec2.associateRouteTable({ RouteTableId, SubnetId })
  assert.is((await ec2.associateRouteTable({ RouteTableId, SubnetId })).AssociationId, AssociationId, 'the same again is the same')
  const second = (await ec2.createRouteTable({ VpcId })).RouteTable?.RouteTableId as string
  assert.match(await refusal(ec2.associateRouteTable({ RouteTableId: second, SubnetId })), /^Resource.AlreadyAssociated/)
  assert.match(await refusal(ec2.associateRouteTable({ RouteTableId, SubnetId: other.SubnetId })), /belong to different networks/)
  assert.match(await refusal(ec2.associateRouteTable({ RouteTableId })), /^MissingParameter/)
  assert.match(await refusal(ec2.associateRouteTable({ RouteTableId, GatewayId: InternetGatewayId })), /^InvalidParameterValue/)
  assert.match(await refusal(ec2.deleteRouteTable({ RouteTableId })), /^DependencyViolation: The routeTable/)

  const states = async () =>
    (await ec2.describeRouteTables({ RouteTableIds: [RouteTableId] })).RouteTables?.[0]?.Routes?.map(({ State }) => State)
  assert.equal(await states(), ['active', 'active'])
  await ec2.detachInternetGateway({ InternetGatewayId, VpcId })
  assert.equal(await states(), ['active', 'blackhole'])
  const next = (await ec2.createInternetGateway({})).InternetGateway?.InternetGatewayId as string
  assert.match(await refusal(ec2.replaceRoute({ ...route, GatewayId: next })), /belong to different networks/)
  await ec2.attachInternetGateway({ InternetGatewayId: next, VpcId })
  await ec2.replaceRoute({ ...route, GatewayId: next })
  assert.equal(await states(), ['active', 'active'])
  const unknown = { ...route, DestinationCidrBlock: '10.9.0.0/16', GatewayId: next }
  assert.match(await refusal(ec2.replaceRoute(unknown)), /^InvalidRoute.NotFound/)
  assert.match(await refusal(ec2.replaceRoute({ ...route, NatGatewayId: 'nat-1' })), /no routes with NatGatewayId/)
  await ec2.deleteRoute(route)
  assert.match(await refusal(ec2.deleteRoute(route)), /^InvalidRoute.NotFound/)
  await ec2.disassociateRouteTable({ AssociationId })
  assert.match(await refusal(ec2.disassociateRouteTable({ AssociationId })), /^InvalidAssociationID.NotFound/)
  await ec2.deleteRouteTable({ RouteTableId })
  await ec2.deleteRouteTable({ RouteTableId: second })
  assert.match(await refusal(ec2.deleteRouteTable({ RouteTableId })), /^InvalidRouteTableID.NotFound/)
})

test('the main route table can be neither deleted nor taken from its VPC', async () => {
  const { VpcId } = await network(plane, '10.4.0.0/16')
  const { RouteTables } = await ec2.describeRouteTables({
    Filters: [
      { Name: 'vpc-id', Values: [VpcId] },
      { Name: 'association.main', Values: ['true'] },
    ],
  })
  const main = RouteTables?.[0]
  assert.match(await refusal(ec2.deleteRouteTable({ RouteTableId: main?.RouteTableId })), /^DependencyViolation/)
  const AssociationId = main?.Associations?.[0]?.RouteTableAssociationId
  assert.match(
    await refusal(ec2.disassociateRouteTable({ AssociationId })),
    /^InvalidParameterValue: cannot disassociate the main route table/,
  )
})

test('the same client token makes one route table', async () => {
  const [VpcId = ''] = ((await ec2.describeVpcs({})).Vpcs ?? []).map((vpc) => vpc.VpcId)
  const first = await ec2.createRouteTable({ VpcId, ClientToken: 'token' })
  const again = await ec2.createRouteTable({ VpcId, ClientToken: 'token' })
  assert.is(again.RouteTable?.RouteTableId, first.RouteTable?.RouteTableId)
  const TagSpecifications = [{ ResourceType: 'route-table' as const, Tags: [{ Key: 'a', Value: 'b' }] }]
  assert.match(await refusal(ec2.createRouteTable({ VpcId, ClientToken: 'token', TagSpecifications })), /^IdempotentParameterMismatch/)
})

test.run()
