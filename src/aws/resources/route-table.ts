import type { RemovableKind } from '../graph/removable-kind.ts'
import { tagFilters, tagsOf } from '../tags.ts'
import { vpcs } from './vpc.ts'

export interface RouteTable {
  readonly id: string
}

/**
 * Route tables with the owner's tags. None is made any more: a network has the main table that comes and goes with its
 * VPC (`public-subnets.ts`). Releases of before had one each.
 */
export const routeTables: RemovableKind<RouteTable> = {
  name: 'route table',
  within: vpcs,
  async list(clients, owner) {
    const { RouteTables = [] } = await (await clients.ec2()).describeRouteTables({ Filters: tagFilters(owner.tags) })
    return RouteTables.map((described) => ({ id: described.RouteTableId!, tags: tagsOf(described), out: { id: described.RouteTableId! } }))
  },
  async remove(out, { clients }) {
    await (await clients.ec2()).deleteRouteTable({ RouteTableId: out.id })
  },
  label: (out) => out.id,
}
