import type { RouteTable as Described } from '@aws-sdk/client-ec2'
import { exit, Failure } from '../../report/failure.ts'
import type { Clients } from '../clients.ts'
import { isNotFound } from '../errors.ts'
import { type Needs, type Resource, resource } from '../graph/resource.ts'
import type { PublicSubnets } from './public-subnets.ts'
import type { Subnet } from './subnet.ts'
import type { Vpc } from './vpc.ts'

/** A network that somebody else has made, by its ids in AWS. */
export interface NetworkIds {
  readonly vpcId: string
  readonly subnetIds: readonly string[]
}

/** The same, once it has been looked at: machines with public addresses can stand in every subnet. */
export interface ExistingNetwork extends PublicSubnets {
  readonly vpcId: string
}

/**
 * Looks at a network of somebody else; nothing of it is ever changed. That a subnet gives public addresses by itself is
 * not needed: each machine asks for one.
 * @throws Failure (usage) that lists everything that keeps machines there from being reached or reaching AWS
 */
export async function lookAtNetwork(clients: Clients, { vpcId, subnetIds }: NetworkIds): Promise<ExistingNetwork> {
  const ec2 = await clients.ec2()
  const Filters = [{ Name: 'vpc-id', Values: [vpcId] }]
  const [subnets, { RouteTables = [] }, dns] = await Promise.all([
    // By a filter, so that one that does not exist is missing rather than an error that names only the first.
    ec2.describeSubnets({ Filters: [{ Name: 'subnet-id', Values: [...subnetIds] }] }),
    ec2.describeRouteTables({ Filters }),
    ec2.describeVpcAttribute({ VpcId: vpcId, Attribute: 'enableDnsSupport' }).catch((error) => {
      if (isNotFound(error)) return undefined
      throw error
    }),
  ])
  const found = (subnets.Subnets ?? []).map((each): Subnet => ({ id: each.SubnetId!, zone: each.AvailabilityZone!, vpcId: each.VpcId! }))
  const missing = dns
    ? [
        ...(dns.EnableDnsSupport?.Value ? [] : [`${vpcId} resolves no names: its attribute enableDnsSupport is off`]),
        ...subnetIds.flatMap((id) => lackOf(id, found, vpcId, RouteTables)),
      ]
    : [`there is no ${vpcId} in ${clients.access.region}`]
  if (missing.length > 0)
    throw new Failure(['The network of the config cannot be used', ...missing.map((each) => `  ${each}`)].join('\n'), {
      on: 'network in the config',
      likely: 'The ids are of another region or account, or the network was made for machines that are not public.',
      next: clients.command(`ec2 describe-route-tables --filters Name=vpc-id,Values=${vpcId}`),
      code: exit.usage,
    })
  return { vpcId, subnets: subnetIds.map((id) => found.find((each) => each.id === id)!) }
}

/** What a subnet lacks. */
function lackOf(id: string, found: readonly Subnet[], vpcId: string, tables: readonly Described[]): string[] {
  const subnet = found.find((each) => each.id === id)
  if (!subnet) return [`there is no ${id}`]
  if (subnet.vpcId !== vpcId) return [`${id} belongs to ${subnet.vpcId}, not to ${vpcId}`]
  const associated = tables.find(({ Associations }) => Associations?.some(({ SubnetId }) => SubnetId === id))
  const table = associated ?? tables.find(({ Associations }) => Associations?.some(({ Main }) => Main))
  const route = table?.Routes?.find(({ DestinationCidrBlock }) => DestinationCidrBlock === '0.0.0.0/0')
  const isPublic = route?.GatewayId?.startsWith('igw-') && route.State === 'active'
  return isPublic ? [] : [`${id} is not public: ${table?.RouteTableId} has no active route from 0.0.0.0/0 to an internet gateway`]
}

/** Its parts, as what a release stands on. They are there, and are neither made nor removed. */
export function existingNetwork({ vpcId, subnets }: ExistingNetwork) {
  return {
    vpc: given<Vpc>('vpc', { id: vpcId }, vpcId),
    subnets: given<PublicSubnets>('subnets', { subnets }, subnets.map(({ id }) => id).join(' ')),
  }
}

function given<Out>(name: string, out: Out, label: string): Resource<Out, Needs> {
  const refuse = () => Promise.reject(new Error(`${name} of an existing network is neither made nor removed`))
  return resource({ name, needs: {}, find: async () => out, create: refuse as () => Promise<Out>, remove: refuse, label: () => label })
}
