import { type Page, pageByPosition } from '../api/paging.ts'
import { ApiError, refuse } from '../cloud.ts'

/** Service Quotas' refusal of an input. */
export function illegal(message: string): ApiError {
  return new ApiError('IllegalArgumentException', message)
}

/**
 * The service and the quota that a call names. Throws ApiError IllegalArgumentException where one is missing or cannot
 * be a code.
 */
export function checkCodes({ ServiceCode, QuotaCode }: { ServiceCode?: unknown; QuotaCode?: unknown }): [service: string, code: string] {
  return [checkCode('serviceCode', ServiceCode, 63), checkCode('quotaCode', QuotaCode, 128)]
}

/** A code as it was given, of up to `most` characters. Throws ApiError IllegalArgumentException. */
export function checkCode(parameter: string, value: unknown, most: number): string {
  if (typeof value === 'string' && value.length <= most && /^[a-zA-Z][a-zA-Z0-9-]+$/.test(value)) return value
  throw illegal(
    `1 validation error detected: Value ${JSON.stringify(value) ?? 'null'} at '${parameter}' failed to satisfy constraint: Member must be 2 to ${most} letters, digits and hyphens`,
  )
}

/**
 * One page of a list, with the token of the next one.
 * @throws ApiError IllegalArgumentException when MaxResults is not from 1 to 100, InvalidPaginationTokenException for a
 *   token that is not ours
 */
export function pageOf<T>(
  all: readonly T[],
  { MaxResults = 100, NextToken }: { MaxResults?: number | undefined; NextToken?: string | undefined },
): Page<T> {
  if (!Number.isInteger(MaxResults) || MaxResults < 1 || MaxResults > 100) {
    throw illegal(
      `1 validation error detected: Value '${MaxResults}' at 'maxResults' failed to satisfy constraint: Member must be from 1 to 100`,
    )
  }
  return (
    pageByPosition(all, MaxResults, NextToken) ?? refuse(new ApiError('InvalidPaginationTokenException', 'Invalid input was provided.'))
  )
}
