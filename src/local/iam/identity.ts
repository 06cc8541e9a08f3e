import { randomBytes } from 'node:crypto'
import { ApiError, type Caller, type RoleCredentials, type Store } from '../cloud.ts'
import { base32, type Credentials, type Keys } from '../files/keys.ts'
import { mac, seal, unseal } from '../files/seal.ts'
import type { Context } from './condition.ts'
import { findProfile } from './instance-profile.ts'
import { findManaged } from './managed-policy.ts'
import { resourceTags } from './permission.ts'
import { allows, type PolicyDocument } from './policy.ts'
import { policiesOfRole } from './role-policy.ts'

/** AWS gives an instance's credentials about six hours. */
const roleHours = 6
/** ECR's GetAuthorizationToken: 12 hours. */
const registryHours = 12

interface RoleClaims {
  instance: string
  profile: string
  /** Seconds since the epoch. */
  expires: number
}

interface RegistryClaims {
  caller: Caller
  region: string
  expires: number
}

export type Identity = ReturnType<typeof createIdentity>

/**
 * Who is asking, and what they may do.
 * @param accountId twelve digits
 */
export function createIdentity({ store, keys, accountId }: { store: Store; keys: Keys; accountId: string }) {
  const { secret, user } = keys
  const root: Caller = { accountId, arn: `arn:aws:iam::${accountId}:root`, accessKeyId: user.accessKeyId }

  function derive(token: string) {
    return {
      accessKeyId: `ASIA${base32(mac(secret, 'access key', token).subarray(0, 10))}`,
      secretAccessKey: mac(secret, 'secret key', token).toString('base64url'),
    }
  }

  function roleCaller(claims: RoleClaims, accessKeyId: string): Caller | undefined {
    const role = findProfile(store, claims.profile)?.role
    if (!role) return undefined
    return { accountId, arn: `arn:aws:sts::${accountId}:assumed-role/${role}/${claims.instance}`, accessKeyId, role }
  }

  /**
   * The secret that goes with an access key, and whose it is; undefined when there is no such key. `expired` where it
   * has been valid.
   */
  function lookUp(accessKeyId: string, token: string | undefined): { secret: string; caller: Caller; expired?: boolean } | undefined {
    if (accessKeyId === user.accessKeyId && token === undefined) return { secret: user.secretAccessKey, caller: root }
    const limited = token === undefined ? store.list('limitedUser').find((user) => user.accessKeyId === accessKeyId) : undefined
    if (limited) {
      const caller: Caller = { accountId, arn: `arn:aws:iam::${accountId}:user/${limited.name}`, accessKeyId, user: limited.name }
      return { secret: limited.secretAccessKey, caller }
    }
    const claims = token === undefined ? undefined : unseal<RoleClaims>(secret, 'session', token)
    if (token === undefined || !claims) return undefined
    const derived = derive(token)
    const caller = derived.accessKeyId === accessKeyId ? roleCaller(claims, accessKeyId) : undefined
    return caller && { secret: derived.secretAccessKey, caller, expired: claims.expires * 1000 < Date.now() }
  }

  function roleCredentials(instanceProfileArn: string, instanceId: string): RoleCredentials | undefined {
    const claims: RoleClaims = { instance: instanceId, profile: instanceProfileArn, expires: inHours(roleHours) }
    const role = roleCaller(claims, '')?.role
    if (role === undefined) return undefined
    const token = seal(secret, 'session', claims)
    const { accessKeyId, secretAccessKey } = derive(token)
    return { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: token, Expiration: iso(claims.expires), RoleName: role }
  }

  function registryPassword(caller: Caller, region: string) {
    const expires = inHours(registryHours)
    return { password: seal(secret, 'registry', { caller, region, expires }), expiresAt: new Date(expires * 1000) }
  }

  function registryCaller(password: string): { caller: Caller; region: string } | undefined {
    const claims = unseal<RegistryClaims>(secret, 'registry', password)
    return claims && claims.expires * 1000 > Date.now() ? { caller: claims.caller, region: claims.region } : undefined
  }

  const used = new Map<string, Set<string>>()

  function policiesOf({ role, user }: Caller): readonly PolicyDocument[] {
    if (role !== undefined) return policiesOfRole(store, role)
    const limited = store.get('limitedUser', user ?? '')
    return limited ? [limited.policy] : []
  }

  /** A boundary allows nothing by itself; what it does not allow, no policy of the role does. */
  function withinBoundary({ role }: Caller, action: string, resource: string, context: Context): boolean {
    const arn = role === undefined ? undefined : store.get('role', role)?.PermissionsBoundary
    return arn === undefined || allows([findManaged(arn).document], action, resource, context)
  }

  function authorize(caller: Caller, action: string, resource: string, given: Context = {}): void {
    if (caller.role === undefined && caller.user === undefined) return
    const context = { ...resourceTags(store, resource), ...given }
    if (allows(policiesOf(caller), action, resource, context) && withinBoundary(caller, action, resource, context)) {
      if (caller.user !== undefined) used.set(caller.user, (used.get(caller.user) ?? new Set()).add(action))
      return
    }
    const message = `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`
    throw new ApiError('AccessDenied', message, 403)
  }

  /** Makes a user who may do what the policy says, or gives an existing one this policy. */
  function limitUser(name: string, policy: PolicyDocument): Credentials {
    const known = store.get('limitedUser', name)
    const accessKeyId = known?.accessKeyId ?? `AKIA${base32(randomBytes(10))}`
    const secretAccessKey = known?.secretAccessKey ?? randomBytes(32).toString('base64url')
    store.put('limitedUser', name, { name, policy, accessKeyId, secretAccessKey })
    return { accessKeyId, secretAccessKey }
  }

  /** The permissions that this user's calls have asked for and had since the cloud started. */
  const permissionsUsed = (name: string) => [...(used.get(name) ?? [])].sort()

  return { limitUser, permissionsUsed, lookUp, roleCredentials, registryPassword, registryCaller, authorize }
}

function inHours(hours: number): number {
  return Math.floor(Date.now() / 1000) + hours * 3600
}

function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}
