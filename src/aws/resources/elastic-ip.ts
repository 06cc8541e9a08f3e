import type { Clients } from '../clients.ts'
import { codeOf, isNotFound } from '../errors.ts'
import type { Kind } from '../graph/inventory.ts'
import { resource } from '../graph/resource.ts'
import { type Tags, tagList, tagsOf } from '../tags.ts'

export interface ElasticIp {
  readonly id: string
  readonly address: string
  /** The instance it leads to, and the id of that association. */
  readonly instanceId: string | undefined
  readonly associationId: string | undefined
}

export const elasticIps: Kind<ElasticIp> = {
  name: 'elastic ip',
  async list(clients) {
    const { Addresses = [] } = await (await clients.ec2()).describeAddresses({})
    return Addresses.map((described) => ({
      id: described.AllocationId!,
      tags: tagsOf(described),
      out: {
        id: described.AllocationId!,
        address: described.PublicIp!,
        instanceId: described.InstanceId || undefined,
        associationId: described.AssociationId || undefined,
      },
    }))
  },
}

/** A public address that stays the same while machines come and go. */
export function elasticIp(spec: { tags: Tags }) {
  return resource({
    name: 'elastic ip',
    needs: {},
    find: ({ inventory }) => inventory.one(elasticIps, spec.tags),
    async create(_up, { clients }): Promise<ElasticIp> {
      const ec2 = await clients.once.ec2()
      const made = await ec2.allocateAddress({
        Domain: 'vpc',
        TagSpecifications: [{ ResourceType: 'elastic-ip', Tags: tagList(spec.tags) }],
      })
      return { id: made.AllocationId!, address: made.PublicIp!, instanceId: undefined, associationId: undefined }
    },
    async remove(out, { clients }) {
      const ec2 = await clients.ec2()
      try {
        await ec2.releaseAddress({ AllocationId: out.id })
      } catch (error) {
        // Terminating an instance ends the association too; where the instance stays, it is ended here.
        if (codeOf(error) !== 'InvalidIPAddress.InUse' || !out.associationId) throw error
        await ec2.disassociateAddress({ AssociationId: out.associationId }).catch((error) => {
          if (!isNotFound(error)) throw error
        })
        await ec2.releaseAddress({ AllocationId: out.id })
      }
    },
    label: (out) => out.address,
  })
}

/**
 * Leads an Elastic IP to an instance. One call, also when it leads to another instance now: that is what makes a
 * promotion instant.
 */
export async function associate(clients: Clients, elasticIp: ElasticIp, instanceId: string): Promise<void> {
  await (await clients.ec2()).associateAddress({ AllocationId: elasticIp.id, InstanceId: instanceId, AllowReassociation: true })
}
