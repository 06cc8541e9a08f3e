import type {
  AttachRolePolicyRequest,
  DeleteRolePolicyRequest,
  DetachRolePolicyRequest,
  GetRolePolicyRequest,
  GetRolePolicyResponse,
  ListAttachedRolePoliciesRequest,
  ListAttachedRolePoliciesResponse,
  ListRolePoliciesRequest,
  ListRolePoliciesResponse,
  PutRolePolicyRequest,
} from '@aws-sdk/client-iam'
import type { Call, Store } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import type { PolicyDocument } from '../policy.ts'
import { policyProblem } from '../policy.ts'
import { findManaged } from './managed-policy.ts'
import { checkName, noSuchEntity, pageOf } from './name.ts'
import { findRole } from './role.ts'

/** All inline policies of a role together: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const inlineLimit = 10_240
const attachedLimit = 10

/** Everything that limits or allows what a role may do; nothing for a role that is gone. */
export function policiesOfRole(store: Store, name: string): PolicyDocument[] {
  const { Policies = {}, Attached = [] } = store.get('role', name) ?? {}
  return [...Object.values(Policies).map((text) => JSON.parse(text)), ...Attached.map((arn) => findManaged(arn).document)]
}

export const rolePolicyActions = {
  PutRolePolicy({ RoleName = '', PolicyName = '', PolicyDocument = '' }: PutRolePolicyRequest, { cloud: { store } }: Call): void {
    const role = findRole(store, RoleName)
    checkName('policyName', PolicyName, 128)
    const problem = policyProblem(PolicyDocument)
    if (problem) throw new ApiError('MalformedPolicyDocument', problem)
    const Policies = { ...role.Policies, [PolicyName]: PolicyDocument }
    if (Object.values(Policies).join('').replace(/\s/g, '').length > inlineLimit) {
      throw new ApiError('LimitExceeded', `Maximum policy size of ${inlineLimit} bytes exceeded for role ${RoleName}`, 409)
    }
    store.put('role', RoleName, { ...role, Policies })
  },

  GetRolePolicy({ RoleName = '', PolicyName = '' }: GetRolePolicyRequest, { cloud: { store } }: Call): GetRolePolicyResponse {
    return { RoleName, PolicyName, PolicyDocument: encodeURIComponent(findInline(store, RoleName, PolicyName)) }
  },

  DeleteRolePolicy({ RoleName = '', PolicyName = '' }: DeleteRolePolicyRequest, { cloud: { store } }: Call): void {
    findInline(store, RoleName, PolicyName)
    const role = findRole(store, RoleName)
    const { [PolicyName]: _, ...Policies } = role.Policies
    store.put('role', RoleName, { ...role, Policies })
  },

  ListRolePolicies({ RoleName = '', ...paging }: ListRolePoliciesRequest, { cloud: { store } }: Call): ListRolePoliciesResponse {
    const { page, ...rest } = pageOf(Object.keys(findRole(store, RoleName).Policies), paging, (name) => name)
    return { PolicyNames: page, ...rest }
  },

  /** Attaching what is attached already succeeds. */
  AttachRolePolicy({ RoleName = '', PolicyArn = '' }: AttachRolePolicyRequest, { cloud: { store } }: Call): void {
    const role = findRole(store, RoleName)
    findManaged(PolicyArn)
    const Attached = [...new Set([...role.Attached, PolicyArn])]
    if (Attached.length > attachedLimit)
      throw new ApiError('LimitExceeded', `Cannot exceed quota for PoliciesPerRole: ${attachedLimit}`, 409)
    store.put('role', RoleName, { ...role, Attached })
  },

  DetachRolePolicy({ RoleName = '', PolicyArn = '' }: DetachRolePolicyRequest, { cloud: { store } }: Call): void {
    const role = findRole(store, RoleName)
    if (!role.Attached.includes(PolicyArn)) throw noSuchEntity(`Policy ${PolicyArn} was not found.`)
    store.put('role', RoleName, { ...role, Attached: role.Attached.filter((arn) => arn !== PolicyArn) })
  },

  ListAttachedRolePolicies(input: ListAttachedRolePoliciesRequest, { cloud: { store } }: Call): ListAttachedRolePoliciesResponse {
    const { page, ...rest } = pageOf(findRole(store, input.RoleName ?? '').Attached, input, (arn) => arn)
    return { AttachedPolicies: page.map((PolicyArn) => ({ PolicyName: findManaged(PolicyArn).name, PolicyArn })), ...rest }
  },
}

function findInline(store: Store, role: string, name: string): string {
  const { Policies } = findRole(store, role)
  const text = Object.hasOwn(Policies, name) ? Policies[name] : undefined
  if (text === undefined) throw noSuchEntity(`The role policy with name ${name} cannot be found.`)
  return text
}
