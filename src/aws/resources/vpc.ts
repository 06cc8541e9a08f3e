import { blockersOf } from '../graph/blockers.ts'
import type { RemovableKind } from '../graph/removable-kind.ts'
import { resource } from '../graph/resource.ts'
import { type Tags, tagList, tagsOf } from '../tags.ts'
import { removeGuardDuty } from './guard-duty.ts'

export interface Vpc {
  readonly id: string
  /** Whether names are resolved in it, as in every new one; undefined where nobody has looked. */
  readonly dns?: boolean
}

export const vpcs: RemovableKind<Vpc> = {
  name: 'vpc',
  async list(clients) {
    const { Vpcs = [] } = await (await clients.ec2()).describeVpcs({})
    return Vpcs.map((described) => ({ id: described.VpcId!, tags: tagsOf(described), out: { id: described.VpcId! } }))
  },
  async remove(out, { clients }) {
    await (await clients.ec2()).deleteVpc({ VpcId: out.id })
  },
  clear: (out, context, waiting) => removeGuardDuty(out.id, context, waiting),
  blockers: (out, { clients }) => blockersOf(clients, { by: 'vpc-id', id: out.id }),
  label: (out) => out.id,
}

/** A network of its own, in which names are resolved: without them a machine's agent finds no Systems Manager. */
export function vpc(spec: { tags: Tags; cidr: string }) {
  return resource({
    name: 'vpc',
    needs: {},
    find: ({ inventory }) => inventory.one(vpcs, spec.tags),
    async create(_up, { clients }): Promise<Vpc> {
      const ec2 = await clients.once.ec2()
      const { Vpc } = await ec2.createVpc({ CidrBlock: spec.cidr, TagSpecifications: [{ ResourceType: 'vpc', Tags: tagList(spec.tags) }] })
      return { id: Vpc!.VpcId!, dns: true }
    },
    async settle(out, _up, { clients }) {
      if (out.dns) return out
      const ec2 = await clients.ec2()
      const { EnableDnsSupport } = await ec2.describeVpcAttribute({ VpcId: out.id, Attribute: 'enableDnsSupport' })
      if (!EnableDnsSupport?.Value) await ec2.modifyVpcAttribute({ VpcId: out.id, EnableDnsSupport: { Value: true } })
      return { id: out.id, dns: true }
    },
    remove: vpcs.remove,
    label: vpcs.label,
  })
}
