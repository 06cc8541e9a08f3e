import type {
  AddRoleToInstanceProfileRequest,
  CreateInstanceProfileRequest,
  CreateInstanceProfileResponse,
  DeleteInstanceProfileRequest,
  GetInstanceProfileRequest,
  GetInstanceProfileResponse,
  ListInstanceProfilesForRoleRequest,
  ListInstanceProfilesForRoleResponse,
  ListInstanceProfilesRequest,
  ListInstanceProfilesResponse,
  ListInstanceProfileTagsRequest,
  ListInstanceProfileTagsResponse,
  RemoveRoleFromInstanceProfileRequest,
  TagInstanceProfileRequest,
  UntagInstanceProfileRequest,
  InstanceProfile as WireProfile,
} from '@aws-sdk/client-iam'
import type { Call, Store } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import type { Tag } from '../records.ts'
import { alreadyExists, checkName, checkPath, conflict, iamTags, noSuchEntity, pageOf, uniqueId } from './name.ts'
import { findRole, wireRole } from './role.ts'

export interface InstanceProfile {
  name: string
  id: string
  arn: string
  path: string
  /** ISO 8601. */
  created: string
  /** The name of its one role. */
  role?: string
  Tags: Tag[]
}

/** The profile with this name or ARN; undefined where there is none. */
export function findProfile(store: Store, nameOrArn: string): InstanceProfile | undefined {
  if (!nameOrArn.startsWith('arn:')) return store.get('instanceProfile', nameOrArn)
  return store.list('instanceProfile').find(({ arn }) => arn === nameOrArn)
}

function existing(store: Store, name: string): InstanceProfile {
  const profile = store.get('instanceProfile', name)
  if (!profile) throw noSuchEntity(`Instance Profile ${name} cannot be found.`)
  return profile
}

export const instanceProfileActions = {
  CreateInstanceProfile(input: CreateInstanceProfileRequest, { cloud: { store, accountId } }: Call): CreateInstanceProfileResponse {
    const { InstanceProfileName: name = '', Path, Tags } = input
    checkName('instanceProfileName', name, 128)
    if (store.get('instanceProfile', name)) throw alreadyExists(`Instance Profile ${name} already exists.`)
    const path = checkPath(Path)
    const profile: InstanceProfile = {
      name,
      id: uniqueId('AIPA'),
      arn: `arn:aws:iam::${accountId}:instance-profile${path}${name}`,
      path,
      created: new Date().toISOString(),
      Tags: iamTags([], Tags),
    }
    store.put('instanceProfile', name, profile)
    return { InstanceProfile: wire(profile, store, accountId) }
  },

  GetInstanceProfile(
    { InstanceProfileName = '' }: GetInstanceProfileRequest,
    { cloud: { store, accountId } }: Call,
  ): GetInstanceProfileResponse {
    return { InstanceProfile: wire(existing(store, InstanceProfileName), store, accountId) }
  },

  ListInstanceProfiles(input: ListInstanceProfilesRequest, { cloud: { store, accountId } }: Call): ListInstanceProfilesResponse {
    const below = store.list('instanceProfile').filter(({ path }) => path.startsWith(input.PathPrefix ?? '/'))
    const { page, ...rest } = pageOf(below, input, ({ name }) => name)
    return { InstanceProfiles: page.map((profile) => untagged(wire(profile, store, accountId))), ...rest }
  },

  ListInstanceProfilesForRole(input: ListInstanceProfilesForRoleRequest, { cloud }: Call): ListInstanceProfilesForRoleResponse {
    const { store, accountId } = cloud
    const { RoleName } = findRole(store, input.RoleName ?? '')
    const holding = store.list('instanceProfile').filter(({ role }) => role === RoleName)
    const { page, ...rest } = pageOf(holding, input, ({ name }) => name)
    return { InstanceProfiles: page.map((profile) => untagged(wire(profile, store, accountId))), ...rest }
  },

  DeleteInstanceProfile({ InstanceProfileName = '' }: DeleteInstanceProfileRequest, { cloud: { store } }: Call): void {
    if (existing(store, InstanceProfileName).role !== undefined)
      throw conflict('Cannot delete entity, must remove roles from instance profile first.')
    store.delete('instanceProfile', InstanceProfileName)
  },

  AddRoleToInstanceProfile({ InstanceProfileName = '', RoleName = '' }: AddRoleToInstanceProfileRequest, { cloud: { store } }: Call): void {
    const profile = existing(store, InstanceProfileName)
    findRole(store, RoleName)
    if (profile.role !== undefined)
      throw new ApiError('LimitExceeded', 'Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1', 409)
    store.put('instanceProfile', InstanceProfileName, { ...profile, role: RoleName })
  },

  RemoveRoleFromInstanceProfile(
    { InstanceProfileName = '', RoleName = '' }: RemoveRoleFromInstanceProfileRequest,
    { cloud: { store } }: Call,
  ): void {
    const { role, ...profile } = existing(store, InstanceProfileName)
    if (role !== RoleName) throw noSuchEntity(`The role with name ${RoleName} cannot be found.`)
    store.put('instanceProfile', InstanceProfileName, profile)
  },

  TagInstanceProfile({ InstanceProfileName = '', Tags }: TagInstanceProfileRequest, { cloud: { store } }: Call): void {
    const profile = existing(store, InstanceProfileName)
    store.put('instanceProfile', InstanceProfileName, { ...profile, Tags: iamTags(profile.Tags, Tags) })
  },

  UntagInstanceProfile({ InstanceProfileName = '', TagKeys = [] }: UntagInstanceProfileRequest, { cloud: { store } }: Call): void {
    const profile = existing(store, InstanceProfileName)
    store.put('instanceProfile', InstanceProfileName, { ...profile, Tags: profile.Tags.filter(({ Key }) => !TagKeys.includes(Key)) })
  },

  ListInstanceProfileTags(input: ListInstanceProfileTagsRequest, { cloud: { store } }: Call): ListInstanceProfileTagsResponse {
    const { page, ...rest } = pageOf(existing(store, input.InstanceProfileName ?? '').Tags, input, ({ Key }) => Key)
    return { Tags: page, ...rest }
  },
}

function wire({ name, id, arn, path, created, role, Tags }: InstanceProfile, store: Store, accountId: string): WireProfile {
  return {
    InstanceProfileName: name,
    InstanceProfileId: id,
    Arn: arn,
    Path: path,
    CreateDate: new Date(created),
    Roles: role === undefined ? [] : [wireRole(findRole(store, role), accountId)],
    Tags,
  }
}

/** As in AWS, a list of profiles comes without their tags. */
function untagged({ Tags: _, ...profile }: WireProfile): WireProfile {
  return profile
}
