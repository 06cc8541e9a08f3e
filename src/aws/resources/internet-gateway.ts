import { codeOf, isNotFound } from '../errors.ts'
import type { RemovableKind } from '../graph/removable-kind.ts'
import { resource } from '../graph/resource.ts'
import { type Tags, tagFilters, tagList, tagsOf } from '../tags.ts'
import type { vpc } from './vpc.ts'

export interface InternetGateway {
  readonly id: string
  /** The VPC it is attached to. */
  readonly vpcId: string | undefined
}

export const internetGateways: RemovableKind<InternetGateway> = {
  name: 'internet gateway',
  async list(clients, owner) {
    const { InternetGateways = [] } = await (await clients.ec2()).describeInternetGateways({ Filters: tagFilters(owner.tags) })
    return InternetGateways.map((described) => ({
      id: described.InternetGatewayId!,
      tags: tagsOf(described),
      out: { id: described.InternetGatewayId!, vpcId: described.Attachments?.[0]?.VpcId },
    }))
  },
  async remove(out, { clients }) {
    const ec2 = await clients.ec2()
    if (out.vpcId) {
      try {
        await ec2.detachInternetGateway({ InternetGatewayId: out.id, VpcId: out.vpcId })
      } catch (error) {
        if (!isNotFound(error) && codeOf(error) !== 'Gateway.NotAttached') throw error
      }
    }
    await ec2.deleteInternetGateway({ InternetGatewayId: out.id })
  },
  label: (out) => out.id,
}

/** The way out of a VPC, attached to it. */
export function internetGateway(spec: { tags: Tags; vpc: ReturnType<typeof vpc> }) {
  return resource({
    name: 'internet gateway',
    needs: { vpc: spec.vpc },
    early: [],
    find: ({ inventory }) => inventory.one(internetGateways, spec.tags),
    async create(_up, { clients }): Promise<InternetGateway> {
      const ec2 = await clients.once.ec2()
      const { InternetGateway } = await ec2.createInternetGateway({
        TagSpecifications: [{ ResourceType: 'internet-gateway', Tags: tagList(spec.tags) }],
      })
      return { id: InternetGateway!.InternetGatewayId!, vpcId: undefined }
    },
    async settle(out, up, { clients }) {
      if (out.vpcId === up.vpc.id) return out
      try {
        await (await clients.ec2()).attachInternetGateway({ InternetGatewayId: out.id, VpcId: up.vpc.id })
      } catch (error) {
        // An attach whose answer was lost is answered so when the SDK repeats it.
        if (codeOf(error) !== 'Resource.AlreadyAssociated') throw error
      }
      return { id: out.id, vpcId: up.vpc.id }
    },
    remove: internetGateways.remove,
    label: internetGateways.label,
  })
}
