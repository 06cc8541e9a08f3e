import { pageByPosition } from '../../api/paging.ts'
import { ApiError } from '../../cloud.ts'
import { invalid } from './command.ts'

/**
 * One page of a list, with the token of the next one.
 *
 * @throws ApiError ValidationException when MaxResults is outside the API's bounds, InvalidNextToken for a token that
 *   is not ours.
 */
export function page<T>(
  items: readonly T[],
  { MaxResults, NextToken }: { MaxResults?: number | undefined; NextToken?: string | undefined },
  [least, most]: readonly [number, number],
): { items: T[]; NextToken: string | undefined } {
  const size = MaxResults ?? most
  if (!Number.isInteger(size) || size < least || size > most)
    throw invalid(`Value '${size}' at 'maxResults' failed to satisfy constraint: Member must have value between ${least} and ${most}`)
  const found = pageByPosition(items, size, NextToken)
  if (!found) throw new ApiError('InvalidNextToken', 'The specified token is not valid.')
  return { items: found.items, NextToken: found.next }
}
