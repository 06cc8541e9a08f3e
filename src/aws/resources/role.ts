import type { IAM } from '@aws-sdk/client-iam'
import { codeOf, isNotFound } from '../errors.ts'
import { assertOwned, type Kind } from '../graph/inventory.ts'
import { resource } from '../graph/resource.ts'
import { type Tags, tagList, tagsOf } from '../tags.ts'
import type { ManagedPolicy } from './managed-policy.ts'

export interface Role {
  readonly name: string
  readonly arn: string
}

/** The role that carries the owner's name, and its tags. IAM has no filter by tag. */
export const roles: Kind<Role> = {
  name: 'role',
  async list(clients, owner) {
    try {
      const { Role } = await (await clients.iam()).getRole({ RoleName: owner.name })
      assertOwned('role', tagsOf(Role!), owner)
      return [{ id: Role!.RoleName!, tags: owner.tags, out: { name: Role!.RoleName!, arn: Role!.Arn! } }]
    } catch (error) {
      if (isNotFound(error)) return []
      throw error
    }
  },
}

/** Lets EC2 instances assume it; the policy says what they may do with it. */
const trust = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
}

/**
 * An IAM role for instances: AWS's managed policies, as inline ones with the same rights where a control plane does not
 * have them, and one policy of its own.
 */
export function role(spec: { tags: Tags; name: string; managed: readonly ManagedPolicy[]; policy: object }) {
  return resource({
    name: 'role',
    needs: {},
    find: async ({ inventory }) => (await inventory.all(roles))[0]?.out,
    async create(_up, { clients }): Promise<Role> {
      const iam = await clients.once.iam()
      const { Role } = await iam.createRole({
        RoleName: spec.name,
        AssumeRolePolicyDocument: JSON.stringify(trust),
        Description: `Instances of ${spec.name}`,
        Tags: tagList(spec.tags),
      })
      return { name: Role!.RoleName!, arn: Role!.Arn! }
    },
    async settle(out, _up, { clients }) {
      const iam = await clients.iam()
      await Promise.all([
        ...spec.managed.map(({ arn, name, document }) =>
          iam.attachRolePolicy({ RoleName: out.name, PolicyArn: arn }).catch((error) => {
            // The same code says that the role is not known yet; only the policy's name in the message tells the two
            // apart.
            if (!isNotFound(error) || !(error as Error).message.includes(name)) throw error
            return put(iam, out.name, name, document)
          }),
        ),
        put(iam, out.name, spec.name, spec.policy),
      ])
      return out
    },
    async remove(out, { clients }) {
      const iam = await clients.iam()
      const RoleName = out.name
      const managed = spec.managed.map(({ arn }) => arn)
      await strip(iam, RoleName, managed, [spec.name])
      try {
        await iam.deleteRole({ RoleName })
      } catch (error) {
        if (!/^DeleteConflict/.test(codeOf(error))) throw error
        // Managed policies that are inline ones here, or what someone else gave it.
        const [attached, inline] = await Promise.all([iam.listAttachedRolePolicies({ RoleName }), iam.listRolePolicies({ RoleName })])
        const arns = (attached.AttachedPolicies ?? []).map(({ PolicyArn }) => PolicyArn!)
        await strip(iam, RoleName, arns, inline.PolicyNames ?? [])
        await iam.deleteRole({ RoleName })
      }
    },
    label: (out) => out.name,
  })
}

/**
 * Takes policies off a role. One that is gone already, such as by a call whose answer was lost, must not keep the role
 * from going.
 */
async function strip(iam: IAM, RoleName: string, attached: readonly string[], inline: readonly string[]): Promise<void> {
  const gone = (error: unknown) => {
    if (!isNotFound(error)) throw error
  }
  await Promise.all([
    ...attached.map((PolicyArn) => iam.detachRolePolicy({ RoleName, PolicyArn }).catch(gone)),
    ...inline.map((PolicyName) => iam.deleteRolePolicy({ RoleName, PolicyName }).catch(gone)),
  ])
}

function put(iam: IAM, RoleName: string, PolicyName: string, document: object): Promise<unknown> {
  return iam.putRolePolicy({ RoleName, PolicyName, PolicyDocument: JSON.stringify(document) })
}
