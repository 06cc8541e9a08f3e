import { blockersOf } from '../graph/blockers.ts'
import type { Kind } from '../graph/inventory.ts'
import { resource } from '../graph/resource.ts'
import { type Tags, tagList, tagsOf } from '../tags.ts'

export interface Vpc {
  readonly id: string
}

export const vpcs: Kind<Vpc> = {
  name: 'vpc',
  async list(clients) {
    const { Vpcs = [] } = await (await clients.ec2()).describeVpcs({})
    return Vpcs.map((described) => ({ id: described.VpcId!, tags: tagsOf(described), out: { id: described.VpcId! } }))
  },
}

/** A network of its own. */
export function vpc(spec: { tags: Tags; cidr: string }) {
  return resource({
    name: 'vpc',
    needs: {},
    find: ({ inventory }) => inventory.one(vpcs, spec.tags),
    async create(_up, { clients }): Promise<Vpc> {
      const ec2 = await clients.once.ec2()
      const { Vpc } = await ec2.createVpc({ CidrBlock: spec.cidr, TagSpecifications: [{ ResourceType: 'vpc', Tags: tagList(spec.tags) }] })
      return { id: Vpc!.VpcId! }
    },
    async remove(out, { clients }) {
      await (await clients.ec2()).deleteVpc({ VpcId: out.id })
    },
    blockers: (out, { clients }) => blockersOf(clients, { by: 'vpc-id', id: out.id }),
    label: (out) => out.id,
  })
}
