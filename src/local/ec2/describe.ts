import type { Filter } from '@aws-sdk/client-ec2'
import { type Page, pageByName } from '../api/paging.ts'
import { ApiError, type Call, type Cloud, refuse } from '../cloud.ts'
import { wildcard } from '../iam/condition.ts'
import type { Tag } from '../records.ts'
import { type Ec2Kind, facts, notFound } from './kinds.ts'

/**
 * What the Describe call of one kind shows and by what it can be filtered. Everything about a resource is read from its
 * shown form.
 */
export interface Description<Shown> {
  /** Its ids may be asked for (`VpcIds`), and those that name nothing are refused; absent where it has none. */
  readonly kind?: Ec2Kind
  /** What tells one from all others, where it is not the id of its kind. */
  readonly id?: (shown: NoInfer<Shown>) => string
  readonly all: (cloud: Cloud) => readonly Shown[]
  /** The filters that are called like the member that they look at. `tag:KEY` and `tag-key` come by themselves. */
  readonly filters: readonly FilterName<NoInfer<Shown>>[]
  /** What the others look at: a path in the shown form, or what a function finds. */
  readonly also?: Readonly<Record<string, Path<NoInfer<Shown>> | ((shown: NoInfer<Shown>, cloud: Cloud) => Value | readonly Value[])>>
}

type Value = string | number | boolean | undefined

/**
 * A member, or a member of it or of every item of it: `VpcId`, `Associations.Main`, `IpPermissions.IpRanges.CidrIp`.
 */
type Path<Shown> = { [Key in keyof Shown & string]: Key | `${Key}.${Below<Shown[Key]>}` }[keyof Shown & string]
type Below<Member> =
  NonNullable<Member> extends readonly (infer Item)[] ? Path<Item> : NonNullable<Member> extends object ? Path<NonNullable<Member>> : never

/** A path as AWS writes it in filters, where a list is called like one of its items: `vpc-id`, `association.main`. */
type FilterName<Shown> = Path<Shown> extends infer Each extends string ? Dashed<Each> : never
type Dashed<Path extends string> = Path extends `${infer First}.${infer Rest}`
  ? `${Singular<Kebab<First>>}.${Dashed<Rest>}`
  : Kebab<Path> | Singular<Kebab<Path>>
type Singular<Word extends string> = Word extends `${infer One}s` ? One : Word
type Kebab<Word extends string> = Word extends `${infer First}${infer Rest}`
  ? `${Lowercase<First>}${Rest extends Uncapitalize<Rest> ? '' : '-'}${Kebab<Rest>}`
  : Word

export interface Query {
  readonly Filters?: readonly Filter[] | undefined
  readonly MaxResults?: number | undefined
  readonly NextToken?: string | undefined
}

/** A Describe call; `answer` is the member of the output that has the list. */
export function describe<Name extends string, Shown extends object>(answer: Name, description: Description<Shown>) {
  return (query: Query, { cloud }: Call) => {
    const { items, NextToken } = select(description, query, cloud)
    return { [answer]: items, NextToken } as { [Each in Name]: Shown[] } & { NextToken: string | undefined }
  }
}

/**
 * Looks up what a query names, filters and pages it. Filters are joined by AND, their values by OR; `*` and `?` are
 * wildcards.
 * @throws ApiError for an id that names nothing, and for a filter that AWS has, or might have, and this cloud does not:
 *   an ignored filter would select too much
 */
export function select<Shown extends object>(description: Description<Shown>, query: Query, cloud: Cloud) {
  const { kind } = description
  const member = kind && facts(kind).id
  const id = description.id ?? ((shown: Shown) => String(shown[member as keyof Shown]))
  const all = description.all(cloud)
  const wanted = (query as Readonly<Record<string, readonly string[] | undefined>>)[`${member}s`]
  const find = (name: string) => all.find((each) => id(each) === name) ?? refuse(notFound(kind as Ec2Kind, name))
  const named = wanted?.length ? [...new Set(wanted)].map(find) : all
  const tests = (query.Filters ?? []).map((filter) => test(filter, description, cloud))
  const matching = named.filter((shown) => tests.every((passes) => passes(shown)))
  return page(matching, query, id)
}

function test<Shown extends object>({ Name = '', Values = [] }: Filter, { filters, also = {} }: Description<Shown>, cloud: Cloud) {
  const known = (filters as readonly string[]).includes(Name) ? memberOf(Name) : undefined
  const filter = Object.hasOwn(also, Name) ? also[Name] : known
  const read = (shown: Shown): unknown => {
    if (Name === 'tag-key') return tagsOf(shown).map(({ Key }) => Key)
    if (Name.startsWith('tag:')) return tagsOf(shown).flatMap(({ Key, Value }) => (Key === Name.slice(4) ? [Value] : []))
    return typeof filter === 'function' ? filter(shown, cloud) : follow(shown, String(filter).split('.'))
  }
  if (!filter && Name !== 'tag-key' && !Name.startsWith('tag:')) throw invalid(`The filter '${Name}' is invalid`)
  if (Values.length === 0) throw invalid(`The filter '${Name}' must have at least one value`)
  const patterns = Values.map((value) => wildcard(value))
  return (shown: Shown) => [read(shown)].flat(3).some((value) => value !== undefined && patterns.some((each) => each.test(String(value))))
}

/** `association.main` → `Association.Main`. */
function memberOf(filter: string): string {
  return filter.replaceAll(/(?:^|-|(\.))([a-z])/g, (_, dot = '', letter: string) => dot + letter.toUpperCase())
}

function follow(value: unknown, [first, ...rest]: readonly string[]): unknown {
  if (first === undefined || value === undefined) return value
  if (Array.isArray(value)) return value.map((item) => follow(item, [first, ...rest]))
  const members = value as Record<string, unknown>
  return follow(first in members ? members[first] : members[`${first}s`], rest)
}

function tagsOf(shown: { Tags?: Tag[]; TagSet?: Tag[] }): Tag[] {
  return shown.Tags ?? shown.TagSet ?? []
}

function page<T>(items: T[], { MaxResults, NextToken }: Query, id: (item: T) => string): Page<T> {
  if (MaxResults === undefined && NextToken === undefined) return { items, NextToken: undefined }
  if (MaxResults !== undefined && (MaxResults < 5 || MaxResults > 1000))
    throw invalid(`Value ( ${MaxResults} ) for parameter maxResults is invalid. Expecting a value from 5 to 1000.`)
  return pageByName(items, id, MaxResults ?? 1000, NextToken) ?? refuse(invalid('The token provided is invalid'))
}

function invalid(message: string): ApiError {
  return new ApiError('InvalidParameterValue', message)
}
