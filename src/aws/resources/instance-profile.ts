import { codeOf, isNotFound } from '../errors.ts'
import { assertOwned, type Kind } from '../graph/inventory.ts'
import { resource } from '../graph/resource.ts'
import { type Tags, tagList, tagsOf } from '../tags.ts'
import { regionalName } from './regional-name.ts'
import { type role, roles } from './role.ts'

export interface InstanceProfile {
  readonly name: string
  readonly arn: string
  readonly roles: readonly string[]
}

/**
 * The profile that carries the owner's name and the region, and the owner's tags. IAM has no filter by tag. It is made
 * after its role and goes before it, so without a role there is none.
 */
export const instanceProfiles: Kind<InstanceProfile> = {
  name: 'instance profile',
  within: roles,
  async list(clients, owner) {
    const name = regionalName(clients, owner.name)
    try {
      const { InstanceProfile: found } = await (await clients.iam()).getInstanceProfile({ InstanceProfileName: name })
      assertOwned('instance profile', tagsOf(found!), owner)
      const roles = (found!.Roles ?? []).map((each) => each.RoleName!)
      return [{ id: name, tags: owner.tags, out: { name, arn: found!.Arn!, roles } }]
    } catch (error) {
      if (isNotFound(error)) return []
      throw error
    }
  },
}

/** What gives a role to an instance. To its name the region is added. */
export function instanceProfile(spec: { tags: Tags; name: string; role: ReturnType<typeof role> }) {
  return resource({
    name: 'instance profile',
    needs: { role: spec.role },
    find: async ({ inventory }) => (await inventory.all(instanceProfiles))[0]?.out,
    async create(_up, { clients, inventory }): Promise<InstanceProfile> {
      const iam = await clients.once.iam()
      const name = regionalName(clients, spec.name)
      try {
        const { InstanceProfile: made } = await iam.createInstanceProfile({ InstanceProfileName: name, Tags: tagList(spec.tags) })
        return { name, arn: made!.Arn!, roles: [] }
      } catch (error) {
        if (!codeOf(error).startsWith('EntityAlreadyExists')) throw error
        // Somebody has removed the role alone, or the name is somebody else's, which the listing refuses.
        const [there] = await instanceProfiles.list(clients, inventory.owner)
        if (!there) throw error
        return there.out
      }
    },
    async settle(out, up, { clients }) {
      if (out.roles.includes(up.role.name)) return out
      try {
        // Sent once: the SDK takes this refusal for throttling and would repeat it for half a minute.
        await (await clients.once.iam()).addRoleToInstanceProfile({ InstanceProfileName: out.name, RoleName: up.role.name })
      } catch (error) {
        // A profile holds one role: an addition whose answer was lost is answered so when it is repeated.
        if (!codeOf(error).startsWith('LimitExceeded')) throw error
      }
      return { ...out, roles: [up.role.name] }
    },
    async remove(out, { clients }) {
      const iam = await clients.iam()
      const InstanceProfileName = out.name
      for (const RoleName of out.roles)
        await iam.removeRoleFromInstanceProfile({ InstanceProfileName, RoleName }).catch((error) => {
          if (!isNotFound(error)) throw error
        })
      await iam.deleteInstanceProfile({ InstanceProfileName })
    },
    label: (out) => out.name,
  })
}
