/** One page of a list, with the token of the next one if there is one. */
export interface Page<T> {
  readonly items: T[]
  readonly NextToken: string | undefined
}

/**
 * A page in the order of names, behind the name `after`: whatever comes and goes between two pages, nothing else is
 * skipped or shown twice.
 * @param name what tells an item from all others
 */
export function pageAfter<T>(all: readonly T[], name: (item: T) => string, size: number, after = ''): Page<T> {
  const rest = all.filter((item) => name(item) > after).sort((a, b) => (name(a) < name(b) ? -1 : 1))
  const items = rest.slice(0, size)
  const last = rest.length > items.length ? items.at(-1) : undefined
  return { items, NextToken: last && name(last) }
}

/** The same with a token that hides the name. Undefined for a token that is not ours. */
export function pageByName<T>(all: readonly T[], name: (item: T) => string, size: number, token = ''): Page<T> | undefined {
  const after = Buffer.from(token, 'base64url').toString()
  if (!/^[\x20-\x7e]*$/.test(after)) return undefined
  const { items, NextToken } = pageAfter(all, name, size, after)
  return { items, NextToken: NextToken && Buffer.from(NextToken).toString('base64url') }
}

/**
 * A page in the order in which the items stand, from the position that the token carries.
 * @returns undefined for a token that is not ours
 */
export function pageByPosition<T>(all: readonly T[], size: number, token?: string): Page<T> | undefined {
  const from = token === undefined ? '0' : /^from:(\d+)$/.exec(Buffer.from(String(token), 'base64url').toString())?.[1]
  if (from === undefined) return undefined
  const end = Number(from) + size
  const NextToken = end < all.length ? Buffer.from(`from:${end}`).toString('base64url') : undefined
  return { items: all.slice(Number(from), end), NextToken }
}
