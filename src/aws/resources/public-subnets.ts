import { Failure } from '../../report/failure.ts'
import { codeOf, isNotFound } from '../errors.ts'
import { resource } from '../graph/resource.ts'
import { until } from '../retry.ts'
import type { internetGateway } from './internet-gateway.ts'
import type { Subnet, subnet } from './subnet.ts'
import type { vpc } from './vpc.ts'

const everywhere = '0.0.0.0/0'

/** The subnets of a network in which machines may stand: all of them are led to the internet. */
export interface PublicSubnets {
  readonly subnets: readonly Subnet[]
}

/** How the traffic of a VPC's subnets is led. */
interface Routing extends PublicSubnets {
  /** The main route table, which all subnets have that are associated with no other. */
  readonly tableId: string
  /** Where it leads what is not inside the VPC; undefined: nowhere. It may be something else than a gateway. */
  readonly defaultRoute: { readonly gatewayId: string | undefined } | undefined
  /** Associations of subnets with other tables. */
  readonly others: readonly { readonly id: string; readonly subnetId: string }[]
}

/**
 * What makes the subnets of a VPC public: everything that is not inside it leaves through the gateway. The VPC's main
 * route table does it, which holds for every subnet without another; it comes and goes with the VPC, so nothing is made
 * and nothing removed here. What has changed since is repaired.
 */
export function publicSubnets(spec: {
  vpc: ReturnType<typeof vpc>
  first: ReturnType<typeof subnet>
  second: ReturnType<typeof subnet>
  gateway: ReturnType<typeof internetGateway>
}) {
  return resource({
    name: 'routes',
    needs: { vpc: spec.vpc, first: spec.first, second: spec.second, gateway: spec.gateway },
    early: ['vpc'],
    find: async () => undefined,
    async create(up, { clients, signal }): Promise<Routing> {
      const ec2 = await clients.ec2()
      const tables = async () => {
        const { RouteTables = [] } = await ec2.describeRouteTables({ Filters: [{ Name: 'vpc-id', Values: [up.vpc.id] }] })
        const main = RouteTables.find(({ Associations }) => Associations?.some(({ Main }) => Main))
        return main && { main, all: RouteTables }
      }
      const found = await until(tables, { within: 60, signal })
      if (!found)
        throw new Failure('AWS does not show the main route table of the VPC after a minute', {
          on: `vpc ${up.vpc.id}`,
          next: clients.command(`ec2 describe-route-tables --filters Name=vpc-id,Values=${up.vpc.id}`),
        })
      const route = found.main.Routes?.find(({ DestinationCidrBlock }) => DestinationCidrBlock === everywhere)
      const associations = found.all.flatMap(({ Associations = [] }) => Associations).filter(({ Main, SubnetId }) => !Main && SubnetId)
      return {
        tableId: found.main.RouteTableId!,
        defaultRoute: route && { gatewayId: route.GatewayId },
        others: associations.map(({ RouteTableAssociationId, SubnetId }) => ({ id: RouteTableAssociationId!, subnetId: SubnetId! })),
        subnets: [],
      }
    },
    async settle(out, up, { clients }) {
      const ec2 = await clients.ec2()
      const subnets = [up.first, up.second]
      const RouteTableId = out.tableId
      const route = { RouteTableId, DestinationCidrBlock: everywhere, GatewayId: up.gateway.id }
      const led = out.defaultRoute?.gatewayId === up.gateway.id
      const elsewhere = out.others.filter(({ subnetId }) => subnets.some(({ id }) => id === subnetId))
      const lead = async () => {
        if (led) return
        if (out.defaultRoute) await ec2.replaceRoute(route)
        else
          await ec2.createRoute(route).catch((error) => {
            // A route whose answer was lost is answered so when the SDK repeats it.
            if (codeOf(error) !== 'RouteAlreadyExists') throw error
          })
      }
      await Promise.all([
        lead(),
        ...elsewhere.map(({ id }) =>
          ec2.disassociateRouteTable({ AssociationId: id }).catch((error) => {
            if (!isNotFound(error)) throw error
          }),
        ),
      ])
      return { tableId: RouteTableId, defaultRoute: { gatewayId: up.gateway.id }, others: [], subnets }
    },
    // It goes with its VPC.
    remove: async () => undefined,
    label: (out) => out.tableId,
  })
}
