import type { EC2, RouteTable as WireTable } from '@aws-sdk/client-ec2'
import { type Actions, ApiError, type Cloud, refuse, type Store } from '../../cloud.ts'
import type { RouteTable, Vpc } from '../../records.ts'
import { digestOf, madeBefore } from '../client-token.ts'
import { describe } from '../describe.ts'
import { find, inUse, newId, notFound } from '../kinds.ts'
import { tagsFor } from '../tag.ts'
import { formatCidr, parseCidr } from './cidr.ts'

/** The table that comes with a VPC and goes with it. */
export function createMainRouteTable(store: Store, { VpcId }: Vpc): void {
  const association = { RouteTableAssociationId: newId('routeTableAssociation'), Main: true }
  const table: RouteTable = { RouteTableId: newId('routeTable'), VpcId, Routes: [], Associations: [association], Tags: [] }
  store.put('routeTable', table.RouteTableId, table)
}

export const routeTableActions = {
  CreateRouteTable({ VpcId = '', ClientToken, TagSpecifications }, { cloud }) {
    const { store } = cloud
    const Asked = digestOf([VpcId, TagSpecifications])
    const [earlier] = madeBefore(store.list('routeTable'), ClientToken, Asked)
    if (earlier) return { RouteTable: wire(earlier, cloud), ClientToken }
    find(store, 'vpc', VpcId)
    const table: RouteTable = {
      RouteTableId: newId('routeTable'),
      VpcId,
      Routes: [],
      Associations: [],
      ...(ClientToken && { ClientToken, Asked }),
      Tags: tagsFor('route-table', TagSpecifications),
    }
    store.put('routeTable', table.RouteTableId, table)
    return { RouteTable: wire(table, cloud), ClientToken }
  },

  DescribeRouteTables: describe('RouteTables', {
    kind: 'routeTable',
    all: (cloud) => cloud.store.list('routeTable').map((table) => wire(table, cloud)),
    filters: [
      'route-table-id',
      'vpc-id',
      'association.main',
      'association.subnet-id',
      'association.route-table-association-id',
      'route.destination-cidr-block',
      'route.gateway-id',
      'owner-id',
    ],
  }),

  DeleteRouteTable({ RouteTableId = '' }, { cloud: { store } }) {
    if (find(store, 'routeTable', RouteTableId).Associations.length > 0) throw inUse('routeTable', RouteTableId)
    store.delete('routeTable', RouteTableId)
  },

  CreateRoute({ RouteTableId = '', DestinationCidrBlock, GatewayId, ...others }, { cloud: { store } }) {
    const table = find(store, 'routeTable', RouteTableId)
    const route = routeOf(table, { DestinationCidrBlock, GatewayId, others }, store)
    if (table.Routes.some((each) => each.DestinationCidrBlock === route.DestinationCidrBlock))
      throw new ApiError('RouteAlreadyExists', `The route identified by ${route.DestinationCidrBlock} already exists.`)
    store.put('routeTable', RouteTableId, { ...table, Routes: [...table.Routes, route] })
    return { Return: true }
  },

  /** In AWS's words as CreateRoute, for a route that is there. */
  ReplaceRoute({ RouteTableId = '', DestinationCidrBlock, GatewayId, ...others }, { cloud: { store } }) {
    const table = find(store, 'routeTable', RouteTableId)
    const route = routeOf(table, { DestinationCidrBlock, GatewayId, others }, store)
    if (!table.Routes.some((each) => each.DestinationCidrBlock === route.DestinationCidrBlock))
      throw noRoute(table, route.DestinationCidrBlock)
    const left = table.Routes.filter((each) => each.DestinationCidrBlock !== route.DestinationCidrBlock)
    store.put('routeTable', RouteTableId, { ...table, Routes: [...left, route] })
  },

  DeleteRoute({ RouteTableId = '', DestinationCidrBlock }, { cloud: { store } }) {
    const table = find(store, 'routeTable', RouteTableId)
    const left = table.Routes.filter((route) => route.DestinationCidrBlock !== DestinationCidrBlock)
    if (left.length === table.Routes.length) throw noRoute(table, DestinationCidrBlock)
    store.put('routeTable', RouteTableId, { ...table, Routes: left })
  },

  AssociateRouteTable({ RouteTableId = '', SubnetId, GatewayId }, { cloud: { store } }) {
    const table = find(store, 'routeTable', RouteTableId)
    if (GatewayId) throw new ApiError('InvalidParameterValue', 'The embedded cloud associates route tables with subnets only.')
    if (!SubnetId) throw new ApiError('MissingParameter', 'The request must contain exactly one of subnetId or gatewayId')
    if (find(store, 'subnet', SubnetId).VpcId !== table.VpcId) throw elsewhere(RouteTableId, `subnet ${SubnetId}`)
    const present = store.list('routeTable').flatMap(({ RouteTableId: id, Associations }) => Associations.map((each) => ({ id, ...each })))
    const same = present.find((each) => each.SubnetId === SubnetId)
    if (same && same.id !== RouteTableId) {
      const message = `the specified association for route table ${RouteTableId} conflicts with an existing association`
      throw new ApiError('Resource.AlreadyAssociated', message)
    }
    const association = same ?? { RouteTableAssociationId: newId('routeTableAssociation'), SubnetId, Main: false }
    if (!same) store.put('routeTable', RouteTableId, { ...table, Associations: [...table.Associations, association] })
    return { AssociationId: association.RouteTableAssociationId, AssociationState: { State: 'associated' } }
  },

  DisassociateRouteTable({ AssociationId = '' }, { cloud: { store } }) {
    const gone = (association: RouteTable['Associations'][number]) => association.RouteTableAssociationId === AssociationId
    const table =
      store.list('routeTable').find(({ Associations }) => Associations.some(gone)) ??
      refuse(notFound('routeTableAssociation', AssociationId))
    if (table.Associations.find(gone)?.Main)
      throw new ApiError('InvalidParameterValue', `cannot disassociate the main route table association ${AssociationId}`)
    store.put('routeTable', table.RouteTableId, { ...table, Associations: table.Associations.filter((each) => !gone(each)) })
  },
} satisfies Actions<EC2>

interface AskedRoute {
  readonly DestinationCidrBlock: string | undefined
  readonly GatewayId: string | undefined
  /** What else the call names. */
  readonly others: object
}

/** The route that a call asks for. Throws ApiError where AWS would refuse it, or it leads to what is not emulated. */
function routeOf(table: RouteTable, { DestinationCidrBlock, GatewayId, others }: AskedRoute, store: Store): RouteTable['Routes'][number] {
  const [other] = Object.keys(others)
  if (other) throw new ApiError('InvalidParameterValue', `The embedded cloud has no routes with ${other}.`)
  if (!DestinationCidrBlock) throw new ApiError('MissingParameter', 'The request must contain the parameter destinationCidrBlock')
  if (!GatewayId) throw new ApiError('MissingParameter', 'The request must contain exactly one target of the route')
  const destination = formatCidr(parseCidr(DestinationCidrBlock, 'destinationCidrBlock'))
  const gateway = store.get('internetGateway', GatewayId)
  if (!gateway) throw new ApiError('InvalidGatewayID.NotFound', `The gateway ID '${GatewayId}' does not exist`)
  if (gateway.VpcId !== table.VpcId) throw elsewhere(table.RouteTableId, `network gateway ${GatewayId}`)
  return { DestinationCidrBlock: destination, GatewayId }
}

function noRoute({ RouteTableId }: RouteTable, destination: string | undefined): ApiError {
  return new ApiError('InvalidRoute.NotFound', `no route with destination-cidr-block ${destination} in route table ${RouteTableId}`)
}

function elsewhere(table: string, other: string): ApiError {
  return new ApiError('InvalidParameterValue', `route table ${table} and ${other} belong to different networks`)
}

function wire({ RouteTableId, VpcId, Routes, Associations, Tags }: RouteTable, { store, accountId }: Cloud): WireTable {
  const CidrBlock = store.get('vpc', VpcId)?.CidrBlock ?? ''
  const local = { DestinationCidrBlock: CidrBlock, GatewayId: 'local', Origin: 'CreateRouteTable', State: 'active' } as const
  const others = Routes.map((route) => {
    // A route to a gateway that is gone or detached leads nowhere, and AWS shows it so.
    const State = store.get('internetGateway', route.GatewayId)?.VpcId === VpcId ? 'active' : 'blackhole'
    return { ...route, Origin: 'CreateRoute', State } as const
  })
  const associations = Associations.map((each) => ({ ...each, RouteTableId, AssociationState: { State: 'associated' as const } }))
  return { RouteTableId, VpcId, OwnerId: accountId, PropagatingVgws: [], Routes: [local, ...others], Associations: associations, Tags }
}
