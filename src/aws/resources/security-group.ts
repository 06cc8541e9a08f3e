import { codeOf } from '../errors.ts'
import { blockersOf } from '../graph/blockers.ts'
import type { RemovableKind } from '../graph/removable-kind.ts'
import { type Needs, type Resource, resource } from '../graph/resource.ts'
import { type Tags, tagFilters, tagList, tagsOf } from '../tags.ts'
import { type Vpc, vpcs } from './vpc.ts'

export interface SecurityGroup {
  readonly id: string
}

/** A TCP port that is open to these IPv4 CIDR blocks. */
export interface OpenPort {
  readonly port: number
  readonly cidrs: readonly string[]
  /** What answers there; kept as the rule's description. */
  readonly purpose: string
}

export const securityGroups: RemovableKind<SecurityGroup> = {
  name: 'security group',
  within: vpcs,
  strays: true,
  async list(clients, owner) {
    const { SecurityGroups = [] } = await (await clients.ec2()).describeSecurityGroups({ Filters: tagFilters(owner.tags) })
    return SecurityGroups.map((described) => ({ id: described.GroupId!, tags: tagsOf(described), out: { id: described.GroupId! } }))
  },
  async remove(out, { clients }) {
    await (await clients.ec2()).deleteSecurityGroup({ GroupId: out.id })
  },
  blockers: (out, { clients }) => blockersOf(clients, { by: 'group-id', id: out.id }),
  label: (out) => out.id,
}

/** The firewall of a machine: these ports and nothing else; outgoing traffic is free, as AWS makes it. */
export function securityGroup(spec: {
  tags: Tags
  name: string
  description: string
  open: readonly OpenPort[]
  vpc: Resource<Vpc, Needs>
}) {
  return resource({
    name: 'security group',
    needs: { vpc: spec.vpc },
    find: ({ inventory }) => inventory.one(securityGroups, spec.tags),
    async create(up, { clients }): Promise<SecurityGroup> {
      const ec2 = await clients.once.ec2()
      const { GroupId } = await ec2.createSecurityGroup({
        VpcId: up.vpc.id,
        GroupName: spec.name,
        Description: spec.description,
        TagSpecifications: [{ ResourceType: 'security-group', Tags: tagList(spec.tags) }],
      })
      return { id: GroupId! }
    },
    async settle(out, _up, { clients }) {
      if (spec.open.length === 0) return out
      const ec2 = await clients.ec2()
      try {
        await ec2.authorizeSecurityGroupIngress({
          GroupId: out.id,
          IpPermissions: spec.open.map(({ port, cidrs, purpose }) => ({
            IpProtocol: 'tcp',
            FromPort: port,
            ToPort: port,
            IpRanges: cidrs.map((CidrIp) => ({ CidrIp, Description: purpose })),
          })),
        })
      } catch (error) {
        // All permissions of one call are added or none: when one is there, an earlier call added all.
        if (codeOf(error) !== 'InvalidPermission.Duplicate') throw error
      }
      return out
    },
    remove: securityGroups.remove,
    label: securityGroups.label,
  })
}
