import type { IAM, InstanceProfile as WireProfile } from '@aws-sdk/client-iam'
import { type Actions, ApiError, refuse, type Store } from '../cloud.ts'
import type { InstanceProfile } from '../records.ts'
import { alreadyExists, checkName, checkPath, conflict, iamTags, noSuchEntity, pageOf, uniqueId } from './name.ts'
import { findRole, wireRole } from './role.ts'

/** The profile with this name or ARN; undefined where there is none. */
export function findProfile(store: Store, nameOrArn: string): InstanceProfile | undefined {
  if (!nameOrArn.startsWith('arn:')) return store.get('instanceProfile', nameOrArn)
  return store.list('instanceProfile').find(({ arn }) => arn === nameOrArn)
}

function existing(store: Store, name = ''): InstanceProfile {
  return store.get('instanceProfile', name) ?? refuse(noSuchEntity(`Instance Profile ${name} cannot be found.`))
}

export const instanceProfileActions = {
  CreateInstanceProfile({ InstanceProfileName: name = '', Path, Tags }, { cloud: { store, accountId } }) {
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

  GetInstanceProfile({ InstanceProfileName }, { cloud: { store, accountId } }) {
    return { InstanceProfile: wire(existing(store, InstanceProfileName), store, accountId) }
  },

  ListInstanceProfiles({ PathPrefix = '/', ...paging }, { cloud: { store, accountId } }) {
    const below = store.list('instanceProfile').filter(({ path }) => path.startsWith(PathPrefix))
    return listed(below, paging, store, accountId)
  },

  ListInstanceProfilesForRole({ RoleName, ...paging }, { cloud: { store, accountId } }) {
    const wanted = findRole(store, RoleName)
    const holding = store.list('instanceProfile').filter(({ role }) => role === wanted.RoleName)
    return listed(holding, paging, store, accountId)
  },

  DeleteInstanceProfile({ InstanceProfileName }, { cloud: { store } }) {
    const { name, role } = existing(store, InstanceProfileName)
    if (role !== undefined) throw conflict('Cannot delete entity, must remove roles from instance profile first.')
    store.delete('instanceProfile', name)
  },

  AddRoleToInstanceProfile({ InstanceProfileName, RoleName }, { cloud: { store } }) {
    const profile = existing(store, InstanceProfileName)
    const role = findRole(store, RoleName).RoleName
    if (profile.role !== undefined)
      throw new ApiError('LimitExceeded', 'Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1', 409)
    store.put('instanceProfile', profile.name, { ...profile, role })
  },

  RemoveRoleFromInstanceProfile({ InstanceProfileName, RoleName }, { cloud: { store } }) {
    const { role, ...profile } = existing(store, InstanceProfileName)
    if (role !== RoleName) throw noSuchEntity(`The role with name ${RoleName} cannot be found.`)
    store.put('instanceProfile', profile.name, profile)
  },

  TagInstanceProfile({ InstanceProfileName, Tags }, { cloud: { store } }) {
    const profile = existing(store, InstanceProfileName)
    store.put('instanceProfile', profile.name, { ...profile, Tags: iamTags(profile.Tags, Tags) })
  },

  UntagInstanceProfile({ InstanceProfileName, TagKeys = [] }, { cloud: { store } }) {
    const profile = existing(store, InstanceProfileName)
    store.put('instanceProfile', profile.name, { ...profile, Tags: profile.Tags.filter(({ Key }) => !TagKeys.includes(Key)) })
  },

  ListInstanceProfileTags({ InstanceProfileName, ...paging }, { cloud: { store } }) {
    const { page, ...rest } = pageOf(existing(store, InstanceProfileName).Tags, paging, ({ Key }) => Key)
    return { Tags: page, ...rest }
  },
} satisfies Actions<IAM>

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
function listed(profiles: readonly InstanceProfile[], paging: Parameters<typeof pageOf>[1], store: Store, accountId: string) {
  const { page, ...rest } = pageOf(profiles, paging, ({ name }) => name)
  return { InstanceProfiles: page.map((profile) => ({ ...wire(profile, store, accountId), Tags: undefined })), ...rest }
}
