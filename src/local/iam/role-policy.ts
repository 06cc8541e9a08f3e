import type { IAM } from '@aws-sdk/client-iam'
import { type Actions, ApiError, refuse, type Store } from '../cloud.ts'
import { findManaged } from './managed-policy.ts'
import { checkName, noSuchEntity, pageOf } from './name.ts'
import { type PolicyDocument, policyProblem } from './policy.ts'
import { findRole } from './role.ts'

/**
 * All inline policies of a role together: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
const inlineLimit = 10_240
const attachedLimit = 10

/** Everything that limits or allows what a role may do; nothing for a role that is gone. */
export function policiesOfRole(store: Store, name: string): PolicyDocument[] {
  const { Policies = {}, Attached = [] } = store.get('role', name) ?? {}
  return [...Object.values(Policies).map((text) => JSON.parse(text)), ...Attached.map((arn) => findManaged(arn).document)]
}

export const rolePolicyActions = {
  PutRolePolicy({ RoleName = '', PolicyName = '', PolicyDocument = '' }, { cloud: { store } }) {
    const role = findRole(store, RoleName)
    checkName('policyName', PolicyName, 128)
    const problem = policyProblem(PolicyDocument)
    if (problem) throw new ApiError('MalformedPolicyDocument', problem)
    const Policies = { ...role.Policies, [PolicyName]: PolicyDocument }
    if (Object.values(Policies).join('').replace(/\s/g, '').length > inlineLimit)
      throw new ApiError('LimitExceeded', `Maximum policy size of ${inlineLimit} bytes exceeded for role ${RoleName}`, 409)
    store.put('role', RoleName, { ...role, Policies })
  },

  GetRolePolicy({ RoleName = '', PolicyName = '' }, { cloud: { store } }) {
    return { RoleName, PolicyName, PolicyDocument: encodeURIComponent(findInline(store, RoleName, PolicyName)) }
  },

  DeleteRolePolicy({ RoleName = '', PolicyName = '' }, { cloud: { store } }) {
    findInline(store, RoleName, PolicyName)
    const role = findRole(store, RoleName)
    const { [PolicyName]: gone, ...Policies } = role.Policies
    store.put('role', RoleName, { ...role, Policies })
  },

  ListRolePolicies({ RoleName, ...paging }, { cloud: { store } }) {
    const { page, ...rest } = pageOf(Object.keys(findRole(store, RoleName).Policies), paging, (name) => name)
    return { PolicyNames: page, ...rest }
  },

  /** Attaching what is attached already succeeds. */
  AttachRolePolicy({ RoleName = '', PolicyArn = '' }, { cloud: { store } }) {
    const role = findRole(store, RoleName)
    findManaged(PolicyArn)
    const Attached = [...new Set([...role.Attached, PolicyArn])]
    if (Attached.length > attachedLimit)
      throw new ApiError('LimitExceeded', `Cannot exceed quota for PoliciesPerRole: ${attachedLimit}`, 409)
    store.put('role', RoleName, { ...role, Attached })
  },

  DetachRolePolicy({ RoleName = '', PolicyArn = '' }, { cloud: { store } }) {
    const role = findRole(store, RoleName)
    if (!role.Attached.includes(PolicyArn)) throw noSuchEntity(`Policy ${PolicyArn} was not found.`)
    store.put('role', RoleName, { ...role, Attached: role.Attached.filter((arn) => arn !== PolicyArn) })
  },

  ListAttachedRolePolicies({ RoleName, ...paging }, { cloud: { store } }) {
    const { page, ...rest } = pageOf(findRole(store, RoleName).Attached, paging, (arn) => arn)
    return { AttachedPolicies: page.map((PolicyArn) => ({ PolicyName: findManaged(PolicyArn).name, PolicyArn })), ...rest }
  },
} satisfies Actions<IAM>

function findInline(store: Store, role: string, name: string): string {
  const { Policies } = findRole(store, role)
  const text = Object.hasOwn(Policies, name) ? Policies[name] : undefined
  return text ?? refuse(noSuchEntity(`The role policy with name ${name} cannot be found.`))
}
