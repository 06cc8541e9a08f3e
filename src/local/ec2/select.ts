import type { Filter } from '@aws-sdk/client-ec2'
import { ApiError } from '../cloud.ts'
import { wildcard } from '../policy.ts'
import type { Tag } from '../records.ts'

/** What a filter of this name looks at. */
export type Filters<T> = Readonly<Record<string, (record: T) => Value | readonly Value[]>>

type Value = string | number | boolean | undefined

interface Query {
  readonly Filters?: readonly Filter[] | undefined
  readonly MaxResults?: number | undefined
  readonly NextToken?: string | undefined
}

/**
 * Filters and pages a describe call. Filters are joined by AND, their values by OR; `*` and `?` are wildcards. `tag:KEY` and `tag-key` come by themselves.
 * @param id what identifies a record within its kind; pages are in the order of ids, so that none is skipped while others vanish
 * @throws ApiError for a filter that AWS has, or might have, and this cloud does not: an ignored filter would select too much
 */
export function select<T extends object>(
  records: readonly T[],
  query: Query,
  { filters, id, least = 5 }: { filters: Filters<T>; id: (record: T) => string; least?: number },
): { items: T[]; NextToken: string | undefined } {
  const matching = (query.Filters ?? []).reduce<readonly T[]>((left, filter) => left.filter(test(filter, filters)), records)
  return page(matching, query, id, least)
}

function test<T extends object>({ Name = '', Values = [] }: Filter, filters: Filters<T>): (record: T) => boolean {
  const read = Name.startsWith('tag:')
    ? (record: T) =>
        tagsOf(record)
          .filter(({ Key }) => Key === Name.slice(4))
          .map(({ Value }) => Value)
    : Name === 'tag-key'
      ? (record: T) => tagsOf(record).map(({ Key }) => Key)
      : Object.hasOwn(filters, Name)
        ? filters[Name]
        : undefined
  if (!read) throw new ApiError('InvalidParameterValue', `The filter '${Name}' is invalid`)
  if (Values.length === 0) throw new ApiError('InvalidParameterValue', `The filter '${Name}' must have at least one value`)
  const patterns = Values.map((value) => wildcard(value))
  return (record) => {
    const values = read(record)
    return (Array.isArray(values) ? values : [values]).some(
      (value) => value !== undefined && patterns.some((each) => each.test(String(value))),
    )
  }
}

function page<T>(records: readonly T[], { MaxResults, NextToken }: Query, id: (record: T) => string, least: number) {
  if (MaxResults === undefined && NextToken === undefined) return { items: [...records], NextToken: undefined }
  if (MaxResults !== undefined && (MaxResults < least || MaxResults > 1000)) {
    throw new ApiError(
      'InvalidParameterValue',
      `Value ( ${MaxResults} ) for parameter maxResults is invalid. Expecting a value from ${least} to 1000.`,
    )
  }
  const after = NextToken === undefined ? '' : Buffer.from(NextToken, 'base64url').toString()
  if (!/^[\x20-\x7e]*$/.test(after)) throw new ApiError('InvalidParameterValue', 'The token provided is invalid')
  const rest = records.filter((record) => id(record) > after).sort((a, b) => (id(a) < id(b) ? -1 : 1))
  const items = rest.slice(0, MaxResults ?? 1000)
  const last = items.at(-1)
  return { items, NextToken: rest.length > items.length && last ? Buffer.from(id(last)).toString('base64url') : undefined }
}

/** The records that these ids name, or all. `find` throws for an id that names nothing. */
export function named<T>(ids: readonly string[] | undefined, all: () => T[], find: (id: string) => T): T[] {
  return ids && ids.length > 0 ? [...new Set(ids)].map(find) : all()
}

function tagsOf(record: { Tags?: Tag[] }): Tag[] {
  return record.Tags ?? []
}
