import { createHash } from 'node:crypto'
import type {
  AssociateRouteTableRequest,
  AssociateRouteTableResult,
  CreateRouteRequest,
  CreateRouteResult,
  CreateRouteTableRequest,
  CreateRouteTableResult,
  DeleteRouteRequest,
  DeleteRouteTableRequest,
  DescribeRouteTablesRequest,
  DescribeRouteTablesResult,
  DisassociateRouteTableRequest,
  RouteTable as WireTable,
} from '@aws-sdk/client-ec2'
import type { Call, Cloud, Store } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import type { Tag } from '../records.ts'
import { formatCidr, parseCidr } from './cidr.ts'
import { inUse, newId, notFound } from './id.ts'
import { named, select } from './select.ts'
import { findSubnet } from './subnet.ts'
import { tagsFor } from './tag.ts'
import type { Vpc } from './vpc.ts'
import { findVpc } from './vpc.ts'

export interface RouteTable {
  RouteTableId: string
  VpcId: string
  /** Beside the local route, which every table has. */
  Routes: { DestinationCidrBlock: string; GatewayId: string }[]
  Associations: { RouteTableAssociationId: string; SubnetId?: string; Main: boolean }[]
  /** The token of the call that made it, and a digest of what that call asked for. */
  ClientToken?: string
  Asked?: string
  Tags: Tag[]
}

declare module '../records.ts' {
  interface Records {
    routeTable: RouteTable
  }
}

/** The table that comes with a VPC and goes with it. */
export function createMainRouteTable(store: Store, { VpcId }: Vpc): void {
  const association = { RouteTableAssociationId: newId('routeTableAssociation'), Main: true }
  const table: RouteTable = { RouteTableId: newId('routeTable'), VpcId, Routes: [], Associations: [association], Tags: [] }
  store.put('routeTable', table.RouteTableId, table)
}

/** The table with this id. Throws ApiError InvalidRouteTableID.NotFound. */
function findTable(store: Store, id: string): RouteTable {
  const table = store.get('routeTable', id)
  if (!table) throw notFound('routeTable', id)
  return table
}

export const routeTableActions = {
  CreateRouteTable({ VpcId = '', ClientToken, TagSpecifications }: CreateRouteTableRequest, { cloud }: Call): CreateRouteTableResult {
    const { store } = cloud
    const asked = createHash('sha256')
      .update(JSON.stringify([VpcId, TagSpecifications]))
      .digest('hex')
    const earlier = ClientToken ? store.list('routeTable').find((table) => table.ClientToken === ClientToken) : undefined
    if (earlier) {
      if (earlier.Asked !== asked) throw new ApiError('IdempotentParameterMismatch', 'The client token was used with other parameters.')
      return { RouteTable: wire(earlier, cloud), ClientToken }
    }
    findVpc(store, VpcId)
    const token = ClientToken ? { ClientToken, Asked: asked } : {}
    const table: RouteTable = {
      RouteTableId: newId('routeTable'),
      VpcId,
      Routes: [],
      Associations: [],
      ...token,
      Tags: tagsFor('route-table', TagSpecifications),
    }
    store.put('routeTable', table.RouteTableId, table)
    return { RouteTable: wire(table, cloud), ClientToken }
  },

  DescribeRouteTables(input: DescribeRouteTablesRequest, { cloud }: Call): DescribeRouteTablesResult {
    const { store, accountId } = cloud
    const tables = named(
      input.RouteTableIds,
      () => store.list('routeTable'),
      (id) => findTable(store, id),
    )
    const { items, NextToken } = select(tables, input, {
      id: ({ RouteTableId }) => RouteTableId,
      filters: {
        'route-table-id': ({ RouteTableId }) => RouteTableId,
        'vpc-id': ({ VpcId }) => VpcId,
        'association.main': ({ Associations }) => Associations.map(({ Main }) => Main),
        'association.subnet-id': ({ Associations }) => Associations.map(({ SubnetId }) => SubnetId),
        'association.route-table-association-id': ({ Associations }) => Associations.map((each) => each.RouteTableAssociationId),
        'route.destination-cidr-block': ({ Routes }) => Routes.map(({ DestinationCidrBlock }) => DestinationCidrBlock),
        'route.gateway-id': ({ Routes }) => Routes.map(({ GatewayId }) => GatewayId),
        'owner-id': () => accountId,
      },
    })
    return { RouteTables: items.map((table) => wire(table, cloud)), NextToken }
  },

  DeleteRouteTable({ RouteTableId = '' }: DeleteRouteTableRequest, { cloud: { store } }: Call): void {
    if (findTable(store, RouteTableId).Associations.length > 0) throw inUse('routeTable', RouteTableId)
    store.delete('routeTable', RouteTableId)
  },

  CreateRoute(
    { RouteTableId = '', DestinationCidrBlock, GatewayId, ...others }: CreateRouteRequest,
    { cloud: { store } }: Call,
  ): CreateRouteResult {
    const table = findTable(store, RouteTableId)
    const [other] = Object.keys(others).filter((name) => name !== 'DryRun')
    if (other) throw new ApiError('InvalidParameterValue', `The embedded cloud has no routes with ${other}.`)
    if (!DestinationCidrBlock) throw new ApiError('MissingParameter', 'The request must contain the parameter destinationCidrBlock')
    if (!GatewayId) throw new ApiError('MissingParameter', 'The request must contain exactly one target of the route')
    const destination = formatCidr(parseCidr(DestinationCidrBlock, 'destinationCidrBlock'))
    const gateway = store.get('internetGateway', GatewayId)
    if (!gateway) throw new ApiError('InvalidGatewayID.NotFound', `The gateway ID '${GatewayId}' does not exist`)
    if (gateway.VpcId !== table.VpcId) {
      throw new ApiError(
        'InvalidParameterValue',
        `route table ${RouteTableId} and network gateway ${GatewayId} belong to different networks`,
      )
    }
    if (table.Routes.some((route) => route.DestinationCidrBlock === destination)) {
      throw new ApiError('RouteAlreadyExists', `The route identified by ${destination} already exists.`)
    }
    store.put('routeTable', RouteTableId, { ...table, Routes: [...table.Routes, { DestinationCidrBlock: destination, GatewayId }] })
    return { Return: true }
  },

  DeleteRoute({ RouteTableId = '', DestinationCidrBlock }: DeleteRouteRequest, { cloud: { store } }: Call): void {
    const table = findTable(store, RouteTableId)
    const left = table.Routes.filter((route) => route.DestinationCidrBlock !== DestinationCidrBlock)
    if (left.length === table.Routes.length) {
      const message = `no route with destination-cidr-block ${DestinationCidrBlock} in route table ${RouteTableId}`
      throw new ApiError('InvalidRoute.NotFound', message)
    }
    store.put('routeTable', RouteTableId, { ...table, Routes: left })
  },

  AssociateRouteTable(
    { RouteTableId = '', SubnetId, GatewayId }: AssociateRouteTableRequest,
    { cloud: { store } }: Call,
  ): AssociateRouteTableResult {
    const table = findTable(store, RouteTableId)
    if (GatewayId) throw new ApiError('InvalidParameterValue', 'The embedded cloud associates route tables with subnets only.')
    if (!SubnetId) throw new ApiError('MissingParameter', 'The request must contain exactly one of subnetId or gatewayId')
    if (findSubnet(store, SubnetId).VpcId !== table.VpcId) {
      throw new ApiError('InvalidParameterValue', `route table ${RouteTableId} and subnet ${SubnetId} belong to different networks`)
    }
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

  DisassociateRouteTable({ AssociationId = '' }: DisassociateRouteTableRequest, { cloud: { store } }: Call): void {
    const table = store.list('routeTable').find((each) => each.Associations.some((one) => one.RouteTableAssociationId === AssociationId))
    const association = table?.Associations.find((one) => one.RouteTableAssociationId === AssociationId)
    if (!table || !association) throw notFound('routeTableAssociation', AssociationId)
    if (association.Main)
      throw new ApiError('InvalidParameterValue', `cannot disassociate the main route table association ${AssociationId}`)
    store.put('routeTable', table.RouteTableId, { ...table, Associations: table.Associations.filter((one) => one !== association) })
  },
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
