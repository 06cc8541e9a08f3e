import { type Page, pageByPosition } from '../api/paging.ts'
import { ApiError, refuse } from '../cloud.ts'

/** Systems Manager's refusal of a request that does not fit the API's shapes. */
export function invalid(message: string): ApiError {
  return new ApiError('ValidationException', message)
}

/** What a list call says of the page that it wants. */
export interface Paging {
  readonly MaxResults?: number | undefined
  readonly NextToken?: string | undefined
}

/**
 * One page of a list, with the token of the next one.
 * @param bounds least and most items, and how many there are where the call does not say
 * @param cut makes the page, in the order of the list where nothing else is said
 * @throws ApiError ValidationException when MaxResults is outside the bounds, InvalidNextToken for a token that is not
 *   ours.
 */
export function page<T>(
  items: readonly T[],
  { MaxResults, NextToken }: Paging,
  [least, most, usual = most]: readonly [least: number, most: number, usual?: number],
  cut: (items: readonly T[], size: number, token?: string) => Page<T> | undefined = pageByPosition,
): Page<T> {
  const size = MaxResults ?? usual
  if (!Number.isInteger(size) || size < least || size > most) {
    const bound = size < least ? `greater than or equal to ${least}` : `less than or equal to ${most}`
    throw invalid(
      `1 validation error detected: Value '${size}' at 'maxResults' failed to satisfy constraint: Member must have value ${bound}`,
    )
  }
  return cut(items, size, NextToken) ?? refuse(new ApiError('InvalidNextToken', 'The specified token is not valid.'))
}
