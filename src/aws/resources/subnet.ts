import { blockersOf } from '../graph/blockers.ts'
import type { Kind } from '../graph/inventory.ts'
import { resource } from '../graph/resource.ts'
import { type Tags, tagFilters, tagList, tagsOf } from '../tags.ts'
import { type vpc, vpcs } from './vpc.ts'

export interface Subnet {
  readonly id: string
  readonly zone: string
}

export const subnets: Kind<Subnet> = {
  name: 'subnet',
  within: vpcs,
  async list(clients, owner) {
    const { Subnets = [] } = await (await clients.ec2()).describeSubnets({ Filters: tagFilters(owner.tags) })
    return Subnets.map((described) => ({
      id: described.SubnetId!,
      tags: tagsOf(described),
      out: { id: described.SubnetId!, zone: described.AvailabilityZone! },
    }))
  },
}

/** A subnet in one zone; `zone` undefined leaves the choice to AWS. It is the route table that makes it public. */
export function subnet(spec: { tags: Tags; cidr: string; zone: string | undefined; vpc: ReturnType<typeof vpc> }) {
  return resource({
    name: 'subnet',
    needs: { vpc: spec.vpc },
    find: ({ inventory }) => inventory.one(subnets, spec.tags),
    async create(up, { clients }): Promise<Subnet> {
      const ec2 = await clients.once.ec2()
      const { Subnet } = await ec2.createSubnet({
        VpcId: up.vpc.id,
        CidrBlock: spec.cidr,
        AvailabilityZone: spec.zone,
        TagSpecifications: [{ ResourceType: 'subnet', Tags: tagList(spec.tags) }],
      })
      return { id: Subnet!.SubnetId!, zone: Subnet!.AvailabilityZone! }
    },
    async remove(out, { clients }) {
      await (await clients.ec2()).deleteSubnet({ SubnetId: out.id })
    },
    blockers: (out, { clients }) => blockersOf(clients, { by: 'subnet-id', id: out.id }),
    label: (out) => `${out.id} ${out.zone}`,
  })
}
