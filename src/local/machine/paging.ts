import { ApiError } from '../cloud.ts'
import { invalid } from './command.ts'

/**
 * One page of a list, with the token of the next one.
 *
 * @throws ApiError ValidationException when MaxResults is outside the API's bounds, InvalidNextToken for a token that is not ours.
 */
export function page<T>(
  items: readonly T[],
  { MaxResults, NextToken }: { MaxResults?: number; NextToken?: string },
  [least, most]: readonly [number, number],
): { items: T[]; NextToken?: string } {
  const size = MaxResults ?? most
  if (!Number.isInteger(size) || size < least || size > most)
    throw invalid(`Value '${size}' at 'maxResults' failed to satisfy constraint: Member must have value between ${least} and ${most}`)
  const text = NextToken ? Buffer.from(NextToken, 'base64url').toString() : 'from:0'
  if (!/^from:\d+$/.test(text)) throw new ApiError('InvalidNextToken', 'The specified token is not valid.')
  const start = Number(text.slice('from:'.length))
  const end = start + size
  return {
    items: items.slice(start, end),
    ...(end < items.length && { NextToken: Buffer.from(`from:${end}`).toString('base64url') }),
  }
}
