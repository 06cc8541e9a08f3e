import type { IAM } from '@aws-sdk/client-iam'
import { exit, Failure } from '../../report/failure.ts'
import type { Clients } from '../clients.ts'
import { codeOf, isNotFound } from '../errors.ts'
import { assertOwned, type Kind, type Owner } from '../graph/inventory.ts'
import { resource } from '../graph/resource.ts'
import { partitionOf } from '../partition.ts'
import { hasTags, type Tags, tagList, tagsOf } from '../tags.ts'
import { arnOf, type ManagedPolicy } from './managed-policy.ts'
import { regionalName, regionIn } from './regional-name.ts'

export interface Role {
  readonly name: string
  readonly arn: string
}

/** The role that carries the owner's name and the region, and the owner's tags. IAM has no filter by tag. */
export const roles: Kind<Role> = {
  name: 'role',
  async list(clients, owner) {
    const { Role } = (await roleNamed(clients, regionalName(clients, owner.name))) ?? {}
    if (Role) {
      assertOwned('role', tagsOf(Role), owner)
      return [{ id: Role.RoleName!, tags: owner.tags, out: { name: Role.RoleName!, arn: Role.Arn! } }]
    }
    await refuseOtherRegion(clients, owner)
    return []
  },
}

async function roleNamed(clients: Clients, RoleName: string) {
  try {
    return await (await clients.iam()).getRole({ RoleName })
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/**
 * Roles are the same in all regions, so the role of a stage tells of it wherever it is. Asked only where the stage has
 * none here: one call, as an account has at most a thousand roles unless AWS allows more, and a page has as many.
 * @throws Failure when the owner has a role of another region
 */
async function refuseOtherRegion(clients: Clients, owner: Owner): Promise<void> {
  const { paginateListRoles } = await import('@aws-sdk/client-iam')
  const names: string[] = []
  for await (const { Roles = [] } of paginateListRoles({ client: await clients.iam(), pageSize: 1000 }, {}))
    names.push(...Roles.map(({ RoleName }) => RoleName!).filter((name) => regionIn(name, owner.name) !== undefined))
  for (const name of names) {
    const { Role } = (await roleNamed(clients, name)) ?? {}
    if (!Role || !hasTags(tagsOf(Role), owner.tags)) continue
    const [here, there] = [clients.access.region, regionIn(name, owner.name)]
    throw new Failure(`The stage is in ${there}, and the config says ${here}`, {
      on: `role ${name}`,
      likely: `The region in the config was changed while the stage exists. What it has in ${there} would stay there.`,
      next: `Set region: '${there}' in the config. To move the stage, destroy it there first.`,
      code: exit.usage,
    })
  }
}

/** Lets EC2 instances assume it; the policy says what they may do with it. */
const trust = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
}

/**
 * An IAM role for instances: AWS's managed policies, as inline ones with the same rights where a control plane does not
 * have them, and one policy of its own.
 * @param spec `name` is the owner's, to which the region is added; `policy` is made for a partition; `boundary` is the
 *   ARN of a permissions boundary that it is made with
 */
export function role(spec: {
  tags: Tags
  name: string
  managed: readonly ManagedPolicy[]
  policy: (partition: string) => object
  boundary?: string | undefined
}) {
  return resource({
    name: 'role',
    needs: {},
    find: async ({ inventory }) => (await inventory.all(roles))[0]?.out,
    async create(_up, { clients }): Promise<Role> {
      const iam = await clients.once.iam()
      const { Role } = await iam.createRole({
        RoleName: regionalName(clients, spec.name),
        AssumeRolePolicyDocument: JSON.stringify(trust),
        Description: `Instances of ${spec.name}`,
        ...(spec.boundary !== undefined && { PermissionsBoundary: spec.boundary }),
        Tags: tagList(spec.tags),
      })
      return { name: Role!.RoleName!, arn: Role!.Arn! }
    },
    async settle(out, _up, { clients }) {
      const iam = await clients.iam()
      const partition = partitionOf(clients.access.region)
      await Promise.all([
        ...spec.managed.map(({ name, document }) =>
          iam.attachRolePolicy({ RoleName: out.name, PolicyArn: arnOf({ name }, partition) }).catch((error) => {
            // The same code says that the role is not known yet; only the policy's name in the message tells the two
            // apart.
            if (!isNotFound(error) || !(error as Error).message.includes(name)) throw error
            return put(iam, out.name, name, document)
          }),
        ),
        put(iam, out.name, spec.name, spec.policy(partition)),
      ])
      return out
    },
    async remove(out, { clients }) {
      const iam = await clients.iam()
      const RoleName = out.name
      const managed = spec.managed.map((each) => arnOf(each, partitionOf(clients.access.region)))
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
