import { randomUUID } from 'node:crypto'
import { codeOf, isNotFound } from '../errors.ts'
import type { Kind } from '../graph/inventory.ts'
import { resource } from '../graph/resource.ts'
import { type Tags, tagFilters, tagList, tagsOf } from '../tags.ts'
import type { internetGateway } from './internet-gateway.ts'
import type { subnet } from './subnet.ts'
import { type vpc, vpcs } from './vpc.ts'

export interface RouteTable {
  readonly id: string
  readonly associations: readonly string[]
}

export const routeTables: Kind<RouteTable> = {
  name: 'route table',
  within: vpcs,
  async list(clients, owner) {
    const { RouteTables = [] } = await (await clients.ec2()).describeRouteTables({ Filters: tagFilters(owner.tags) })
    return RouteTables.map((described) => ({
      id: described.RouteTableId!,
      tags: tagsOf(described),
      out: {
        id: described.RouteTableId!,
        associations: (described.Associations ?? []).filter((each) => !each.Main).map((each) => each.RouteTableAssociationId!),
      },
    }))
  },
}

/** The table that makes a subnet public: everything that is not inside the VPC leaves through the gateway. */
export function routeTable(spec: {
  tags: Tags
  vpc: ReturnType<typeof vpc>
  subnet: ReturnType<typeof subnet>
  gateway: ReturnType<typeof internetGateway>
}) {
  return resource({
    name: 'route table',
    needs: { vpc: spec.vpc, subnet: spec.subnet, gateway: spec.gateway },
    early: ['vpc'],
    // A subnet takes its association along, and a route may lead nowhere.
    survives: ['subnet', 'gateway'],
    find: ({ inventory }) => inventory.one(routeTables, spec.tags),
    async create(up, { clients }): Promise<RouteTable> {
      const ec2 = await clients.ec2()
      const { RouteTable } = await ec2.createRouteTable({
        VpcId: up.vpc.id,
        ClientToken: randomUUID(),
        TagSpecifications: [{ ResourceType: 'route-table', Tags: tagList(spec.tags) }],
      })
      return { id: RouteTable!.RouteTableId!, associations: [] }
    },
    async settle(out, up, { clients }) {
      const ec2 = await clients.ec2()
      const [association] = await Promise.all([
        ec2.associateRouteTable({ RouteTableId: out.id, SubnetId: up.subnet.id }),
        ec2.createRoute({ RouteTableId: out.id, DestinationCidrBlock: '0.0.0.0/0', GatewayId: up.gateway.id }).catch((error) => {
          if (codeOf(error) !== 'RouteAlreadyExists') throw error
        }),
      ])
      return { id: out.id, associations: [association.AssociationId!] }
    },
    async remove(out, { clients }) {
      const ec2 = await clients.ec2()
      await Promise.all(
        out.associations.map((AssociationId) =>
          ec2.disassociateRouteTable({ AssociationId }).catch((error) => {
            if (!isNotFound(error)) throw error
          }),
        ),
      )
      await ec2.deleteRouteTable({ RouteTableId: out.id })
    },
    label: (out) => out.id,
  })
}
