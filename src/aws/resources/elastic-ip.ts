import type { Clients } from '../clients.ts'
import { codeOf, isNotFound } from '../errors.ts'
import type { Kind } from '../graph/inventory.ts'
import { resource } from '../graph/resource.ts'
import { type Tags, tagList, tagsOf } from '../tags.ts'
import type { Instance } from './instance.ts'

export interface ElasticIp {
  readonly id: string
  readonly address: string
  /** The instance it leads to, and the id of that association. */
  readonly instanceId: string | undefined
  readonly associationId: string | undefined
  /** The private address of the instance that it leads to. */
  readonly privateIp: string | undefined
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
        privateIp: described.PrivateIpAddress || undefined,
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
      const nowhere = { instanceId: undefined, associationId: undefined, privateIp: undefined }
      return { id: made.AllocationId!, address: made.PublicIp!, ...nowhere }
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
 * Leads an Elastic IP to an instance: to its second private address, so that its first keeps the public address that it
 * has, and with it the machine its agent and its way out. One call, also when the address leads elsewhere now: new
 * connections are led at once, and what goes through it at that moment is cut.
 */
export async function associate(clients: Clients, elasticIp: ElasticIp, { id, interfaceId, secondIp }: Target): Promise<void> {
  const to = interfaceId && secondIp ? { NetworkInterfaceId: interfaceId, PrivateIpAddress: secondIp } : { InstanceId: id }
  await (await clients.ec2()).associateAddress({ AllocationId: elasticIp.id, ...to, AllowReassociation: true })
}

type Target = Pick<Instance, 'id' | 'interfaceId' | 'secondIp'>

/**
 * Whether a machine has an Elastic IP as its way out, as those of earlier versions of this program have: when it is led
 * elsewhere, the machine reaches nothing until AWS gives it another public address, minutes later.
 */
export function isWayOutOf(elasticIp: ElasticIp | undefined, instance: Pick<Instance, 'id' | 'privateIp'>): boolean {
  return elasticIp?.instanceId === instance.id && elasticIp.privateIp === instance.privateIp
}
