import type { GetCallerIdentityResponse } from '@aws-sdk/client-sts'
import type { Call } from './cloud.ts'

/** The part of STS that the embedded cloud has. Nobody needs a permission to ask who they are. */
export const sts = {
  GetCallerIdentity(_: object, { caller: { accountId, arn, accessKeyId, role } }: Call): GetCallerIdentityResponse {
    return { Account: accountId, Arn: arn, UserId: role === undefined ? accountId : `${accessKeyId}:${arn.split('/').at(-1)}` }
  },
}
