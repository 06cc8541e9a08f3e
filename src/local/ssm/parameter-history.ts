import type { GetParameterHistoryRequest, GetParameterHistoryResult } from '@aws-sdk/client-ssm'
import { ApiError, type Call, type Store } from '../cloud.ts'
import type { Parameter } from '../records.ts'
import { invalid } from './input.ts'
import { parameterArn } from './parameter.ts'
import type { SecureStrings } from './secure-string.ts'

/**
 * How many versions are kept, the newest included:
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-versions.html
 */
const mostVersions = 100

const key = (name: string, version: number) => `${name}:${version}`

/**
 * Keeps a version that is about to be overwritten, and lets go of the one that is too old by now. Call within a
 * transaction.
 */
export function keepVersion(store: Store, overwritten: Parameter): void {
  store.put('parameterVersion', key(overwritten.Name, overwritten.Version), overwritten)
  store.delete('parameterVersion', key(overwritten.Name, overwritten.Version + 1 - mostVersions))
}

/** Forgets the older versions of a parameter that is deleted. Call within a transaction. */
export function forgetVersions(store: Store, { Name, Version }: Parameter): void {
  for (let version = Math.max(1, Version - mostVersions); version < Version; version++) store.delete('parameterVersion', key(Name, version))
}

/**
 * GetParameterHistory: every version that is kept, the oldest first, at most 50 a page.
 * @throws ApiError ParameterNotFound, ValidationException
 */
export function getParameterHistory(
  { Name = '', WithDecryption, MaxResults = 50, NextToken = '0' }: GetParameterHistoryRequest,
  { cloud, caller }: Call,
  secure: SecureStrings,
): GetParameterHistoryResult {
  cloud.authorize(caller, 'ssm:GetParameterHistory', parameterArn(cloud, Name))
  const newest = cloud.store.get('parameter', Name)
  if (!newest) throw new ApiError('ParameterNotFound', `The parameter ${Name} cannot be found.`)
  if (!Number.isInteger(MaxResults) || MaxResults < 1 || MaxResults > 50) {
    const constraint = 'Member must have value between 1 and 50'
    throw invalid(`1 validation error detected: Value '${MaxResults}' at 'maxResults' failed: ${constraint}`)
  }
  const first = Math.max(1, newest.Version + 1 - mostVersions, Number(NextToken))
  const last = Math.min(newest.Version, first + MaxResults - 1)
  const versions = Array.from({ length: last - first + 1 }, (_, index) => first + index).flatMap((version) => {
    const parameter = version === newest.Version ? newest : cloud.store.get('parameterVersion', key(Name, version))
    return parameter ? [parameter] : []
  })
  return {
    Parameters: versions.map(({ Tags, LastModified, Value, ...shown }) => ({
      ...shown,
      Value: shown.Type === 'SecureString' && WithDecryption ? secure.decrypt(Name, Value) : Value,
      LastModifiedDate: new Date(LastModified),
      Labels: [],
      Policies: [],
    })),
    NextToken: last < newest.Version ? String(last + 1) : undefined,
  }
}
