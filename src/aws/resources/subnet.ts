import { blockersOf } from '../graph/blockers.ts'
import type { RemovableKind } from '../graph/removable-kind.ts'
import { resource } from '../graph/resource.ts'
import { type Tags, tagFilters, tagList, tagsOf } from '../tags.ts'
import { removeGuardDuty } from './guard-duty.ts'
import { type vpc, vpcs } from './vpc.ts'

export interface Subnet {
  readonly id: string
  readonly zone: string
  readonly vpcId: string
}

export const subnets: RemovableKind<Subnet> = {
  name: 'subnet',
  within: vpcs,
  async list(clients, owner) {
    const { Subnets = [] } = await (await clients.ec2()).describeSubnets({ Filters: tagFilters(owner.tags) })
    return Subnets.map((described) => ({ id: described.SubnetId!, tags: tagsOf(described), out: subnetOf(described) }))
  },
  async remove(out, { clients }) {
    await (await clients.ec2()).deleteSubnet({ SubnetId: out.id })
  },
  clear: (out, context, waiting) => removeGuardDuty(out.vpcId, context, waiting),
  blockers: (out, { clients }) => blockersOf(clients, { by: 'subnet-id', id: out.id }),
  label: (out) => `${out.id} ${out.zone}`,
}

/**
 * A subnet in one zone. It is a route that makes it public.
 * @param spec `name`: what tells it from others of its network; `zone`: asked only where it has to be made
 */
export function subnet(spec: { tags: Tags; name: string; cidr: string; zone: () => Promise<string>; vpc: ReturnType<typeof vpc> }) {
  return resource({
    name: spec.name,
    needs: { vpc: spec.vpc },
    find: ({ inventory }) => inventory.one(subnets, spec.tags),
    async create(up, { clients }): Promise<Subnet> {
      const ec2 = await clients.once.ec2()
      const { Subnet } = await ec2.createSubnet({
        VpcId: up.vpc.id,
        CidrBlock: spec.cidr,
        AvailabilityZone: await spec.zone(),
        TagSpecifications: [{ ResourceType: 'subnet', Tags: tagList(spec.tags) }],
      })
      return subnetOf(Subnet!)
    },
    remove: subnets.remove,
    label: subnets.label,
  })
}

function subnetOf(described: { SubnetId?: string | undefined; AvailabilityZone?: string | undefined; VpcId?: string | undefined }): Subnet {
  return { id: described.SubnetId!, zone: described.AvailabilityZone!, vpcId: described.VpcId! }
}
