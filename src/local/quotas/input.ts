import { ApiError } from '../cloud.ts'

/** Service Quotas' refusal of an input. */
export function illegal(message: string): ApiError {
  return new ApiError('IllegalArgumentException', message)
}

/** The service and the quota that a call names. Throws ApiError IllegalArgumentException where one is missing or cannot be a code. */
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
 * @throws ApiError IllegalArgumentException when MaxResults is not from 1 to 100, InvalidPaginationTokenException for a token that is not ours
 */
export function pageOf<T>(
  all: readonly T[],
  { MaxResults = 100, NextToken }: { MaxResults?: number | undefined; NextToken?: string | undefined },
): { items: T[]; NextToken?: string } {
  if (!Number.isInteger(MaxResults) || MaxResults < 1 || MaxResults > 100) {
    throw illegal(
      `1 validation error detected: Value '${MaxResults}' at 'maxResults' failed to satisfy constraint: Member must be from 1 to 100`,
    )
  }
  const from = NextToken === undefined ? '0' : /^from:(\d+)$/.exec(Buffer.from(String(NextToken), 'base64').toString())?.[1]
  if (from === undefined) throw new ApiError('InvalidPaginationTokenException', 'Invalid input was provided.')
  const end = Number(from) + MaxResults
  return {
    items: all.slice(Number(from), end),
    ...(end < all.length && { NextToken: Buffer.from(`from:${end}`).toString('base64') }),
  }
}
