import type {
  CreateRoleRequest,
  CreateRoleResponse,
  DeleteRoleRequest,
  GetRoleRequest,
  GetRoleResponse,
  ListRolesRequest,
  ListRolesResponse,
  ListRoleTagsRequest,
  ListRoleTagsResponse,
  TagRoleRequest,
  UntagRoleRequest,
  UpdateAssumeRolePolicyRequest,
  Role as WireRole,
} from '@aws-sdk/client-iam'
import type { Call, Store } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import { policyProblem } from '../policy.ts'
import type { Tag } from '../records.ts'
import { alreadyExists, checkName, checkPath, conflict, iamTags, noSuchEntity, pageOf, uniqueId } from './name.ts'

export interface Role {
  RoleName: string
  RoleId: string
  Path: string
  /** ISO 8601. */
  CreateDate: string
  AssumeRolePolicyDocument: string
  Description?: string
  MaxSessionDuration: number
  /** Inline policies by name, as they were sent. */
  Policies: Record<string, string>
  /** ARNs of managed policies. */
  Attached: string[]
  Tags: Tag[]
}

/** The role with this name. Throws ApiError NoSuchEntity. */
export function findRole(store: Store, name: string): Role {
  const role = store.get('role', name)
  if (!role) throw noSuchEntity(`The role with name ${name} cannot be found.`)
  return role
}

export const roleActions = {
  CreateRole(input: CreateRoleRequest, { cloud: { store, accountId } }: Call): CreateRoleResponse {
    const { RoleName = '', AssumeRolePolicyDocument = '', Description, MaxSessionDuration = 3600, Path, PermissionsBoundary, Tags } = input
    checkName('roleName', RoleName, 64)
    checkTrust(AssumeRolePolicyDocument)
    if (PermissionsBoundary) throw new ApiError('InvalidInput', 'The embedded cloud has no permissions boundaries.')
    if (store.get('role', RoleName)) throw alreadyExists(`Role with name ${RoleName} already exists.`)
    const role: Role = {
      RoleName,
      RoleId: uniqueId('AROA'),
      Path: checkPath(Path),
      CreateDate: new Date().toISOString(),
      AssumeRolePolicyDocument,
      ...(Description === undefined ? {} : { Description }),
      MaxSessionDuration,
      Policies: {},
      Attached: [],
      Tags: iamTags([], Tags),
    }
    store.put('role', RoleName, role)
    return { Role: wireRole(role, accountId) }
  },

  GetRole({ RoleName = '' }: GetRoleRequest, { cloud: { store, accountId } }: Call): GetRoleResponse {
    return { Role: wireRole(findRole(store, RoleName), accountId) }
  },

  /** As in AWS, a list of roles comes without their tags. */
  ListRoles(input: ListRolesRequest, { cloud: { store, accountId } }: Call): ListRolesResponse {
    const below = store.list('role').filter(({ Path }) => Path.startsWith(input.PathPrefix ?? '/'))
    const { page, ...rest } = pageOf(below, input, ({ RoleName }) => RoleName)
    const Roles = page.map((role) => {
      const { Tags: _, ...shown } = wireRole(role, accountId)
      return shown
    })
    return { Roles, ...rest }
  },

  DeleteRole({ RoleName = '' }: DeleteRoleRequest, { cloud: { store } }: Call): void {
    const { Policies, Attached } = findRole(store, RoleName)
    if (store.list('instanceProfile').some(({ role }) => role === RoleName)) {
      throw conflict('Cannot delete entity, must remove roles from instance profile first.')
    }
    if (Attached.length > 0) throw conflict('Cannot delete entity, must detach all policies first.')
    if (Object.keys(Policies).length > 0) throw conflict('Cannot delete entity, must delete policies first.')
    store.delete('role', RoleName)
  },

  UpdateAssumeRolePolicy({ RoleName = '', PolicyDocument = '' }: UpdateAssumeRolePolicyRequest, { cloud: { store } }: Call): void {
    const role = findRole(store, RoleName)
    checkTrust(PolicyDocument)
    store.put('role', RoleName, { ...role, AssumeRolePolicyDocument: PolicyDocument })
  },

  TagRole({ RoleName = '', Tags }: TagRoleRequest, { cloud: { store } }: Call): void {
    const role = findRole(store, RoleName)
    store.put('role', RoleName, { ...role, Tags: iamTags(role.Tags, Tags) })
  },

  UntagRole({ RoleName = '', TagKeys = [] }: UntagRoleRequest, { cloud: { store } }: Call): void {
    const role = findRole(store, RoleName)
    store.put('role', RoleName, { ...role, Tags: role.Tags.filter(({ Key }) => !TagKeys.includes(Key)) })
  },

  ListRoleTags({ RoleName = '', ...paging }: ListRoleTagsRequest, { cloud: { store } }: Call): ListRoleTagsResponse {
    const { page, ...rest } = pageOf(findRole(store, RoleName).Tags, paging, ({ Key }) => Key)
    return { Tags: page, ...rest }
  },
}

function checkTrust(document: string): void {
  const problem = policyProblem(document, { principal: true })
  if (problem) throw new ApiError('MalformedPolicyDocument', problem)
}

/** A role as AWS shows it; its trust policy is URL-encoded there. */
export function wireRole({ Policies: _, Attached: __, ...role }: Role, accountId: string): WireRole {
  return {
    ...role,
    Arn: `arn:aws:iam::${accountId}:role${role.Path}${role.RoleName}`,
    CreateDate: new Date(role.CreateDate),
    AssumeRolePolicyDocument: encodeURIComponent(role.AssumeRolePolicyDocument),
    Tags: role.Tags,
  }
}
