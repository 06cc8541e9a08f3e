import type { STS } from '@aws-sdk/client-sts'
import type { Actions } from '../cloud.ts'

/** The part of STS that the embedded cloud has. Nobody needs a permission to ask who they are. */
export const sts = {
  GetCallerIdentity(_input, { caller: { accountId, arn, accessKeyId, role } }) {
    return { Account: accountId, Arn: arn, UserId: role === undefined ? accountId : `${accessKeyId}:${arn.split('/').at(-1)}` }
  },
} satisfies Actions<STS>
