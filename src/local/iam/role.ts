import type { IAM, Role as WireRole } from '@aws-sdk/client-iam'
import { type Actions, ApiError, refuse, type Store } from '../cloud.ts'
import type { Role } from '../records.ts'
import { findManaged } from './managed-policy.ts'
import { alreadyExists, checkName, checkPath, conflict, iamTags, noSuchEntity, pageOf, uniqueId } from './name.ts'
import { policyProblem } from './policy.ts'

/** The role with this name. Throws ApiError NoSuchEntity. */
export function findRole(store: Store, name = ''): Role {
  return store.get('role', name) ?? refuse(noSuchEntity(`The role with name ${name} cannot be found.`))
}

export const roleActions = {
  CreateRole(input, { cloud: { store, accountId } }) {
    const { RoleName = '', AssumeRolePolicyDocument = '', Description, MaxSessionDuration = 3600, Path, PermissionsBoundary, Tags } = input
    checkName('roleName', RoleName, 64)
    checkTrust(AssumeRolePolicyDocument)
    if (PermissionsBoundary) findManaged(PermissionsBoundary)
    if (store.get('role', RoleName)) throw alreadyExists(`Role with name ${RoleName} already exists.`)
    const role: Role = {
      RoleName,
      RoleId: uniqueId('AROA'),
      Path: checkPath(Path),
      CreateDate: new Date().toISOString(),
      AssumeRolePolicyDocument,
      ...(Description !== undefined && { Description }),
      ...(PermissionsBoundary !== undefined && { PermissionsBoundary }),
      MaxSessionDuration,
      Policies: {},
      Attached: [],
      Tags: iamTags([], Tags),
    }
    store.put('role', RoleName, role)
    return { Role: wireRole(role, accountId) }
  },

  GetRole({ RoleName }, { cloud: { store, accountId } }) {
    return { Role: wireRole(findRole(store, RoleName), accountId) }
  },

  /** As in AWS, a list of roles comes without their tags. */
  ListRoles({ PathPrefix = '/', ...paging }, { cloud: { store, accountId } }) {
    const below = store.list('role').filter(({ Path }) => Path.startsWith(PathPrefix))
    const { page, ...rest } = pageOf(below, paging, ({ RoleName }) => RoleName)
    return { Roles: page.map((role) => ({ ...wireRole(role, accountId), Tags: undefined })), ...rest }
  },

  DeleteRole({ RoleName = '' }, { cloud: { store } }) {
    const { Policies, Attached } = findRole(store, RoleName)
    if (store.list('instanceProfile').some(({ role }) => role === RoleName))
      throw conflict('Cannot delete entity, must remove roles from instance profile first.')
    if (Attached.length > 0) throw conflict('Cannot delete entity, must detach all policies first.')
    if (Object.keys(Policies).length > 0) throw conflict('Cannot delete entity, must delete policies first.')
    store.delete('role', RoleName)
  },

  UpdateAssumeRolePolicy({ RoleName, PolicyDocument = '' }, { cloud: { store } }) {
    const role = findRole(store, RoleName)
    checkTrust(PolicyDocument)
    store.put('role', role.RoleName, { ...role, AssumeRolePolicyDocument: PolicyDocument })
  },

  TagRole({ RoleName, Tags }, { cloud: { store } }) {
    const role = findRole(store, RoleName)
    store.put('role', role.RoleName, { ...role, Tags: iamTags(role.Tags, Tags) })
  },

  UntagRole({ RoleName, TagKeys = [] }, { cloud: { store } }) {
    const role = findRole(store, RoleName)
    store.put('role', role.RoleName, { ...role, Tags: role.Tags.filter(({ Key }) => !TagKeys.includes(Key)) })
  },

  ListRoleTags({ RoleName, ...paging }, { cloud: { store } }) {
    const { page, ...rest } = pageOf(findRole(store, RoleName).Tags, paging, ({ Key }) => Key)
    return { Tags: page, ...rest }
  },
} satisfies Actions<IAM>

function checkTrust(document: string): void {
  const problem = policyProblem(document, { principal: true })
  if (problem) throw new ApiError('MalformedPolicyDocument', problem)
}

/** A role as AWS shows it; its trust policy is URL-encoded there. */
export function wireRole({ Policies, Attached, PermissionsBoundary, ...role }: Role, accountId: string): WireRole {
  const boundary = PermissionsBoundary && {
    PermissionsBoundaryType: 'PermissionsBoundaryPolicy' as const,
    PermissionsBoundaryArn: PermissionsBoundary,
  }
  return {
    ...role,
    ...(boundary && { PermissionsBoundary: boundary }),
    Arn: `arn:aws:iam::${accountId}:role${role.Path}${role.RoleName}`,
    CreateDate: new Date(role.CreateDate),
    AssumeRolePolicyDocument: encodeURIComponent(role.AssumeRolePolicyDocument),
  }
}
