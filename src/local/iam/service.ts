import type { IAM } from '@aws-sdk/client-iam'
import type { Action, Actions, Service } from '../cloud.ts'
import { instanceProfileActions } from './instance-profile.ts'
import { managedPolicyActions } from './managed-policy.ts'
import { roleActions } from './role.ts'
import { rolePolicyActions } from './role-policy.ts'

/** The part of IAM that the embedded cloud has: what instances need to be somebody. Each call is one transaction. */
const actions = { ...roleActions, ...rolePolicyActions, ...instanceProfileActions, ...managedPolicyActions } satisfies Actions<IAM>

function asCall(action: Action): Action {
  return (input, call) => call.cloud.store.transaction(() => action(input, call))
}

export const iam: Service = Object.fromEntries(Object.entries(actions).map(([name, action]) => [name, asCall(action)]))
