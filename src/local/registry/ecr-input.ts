import { pageByPosition } from '../api/paging.ts'
import { mergeTags } from '../api/tags.ts'
import { ApiError, type Call, type Cloud } from '../cloud.ts'
import type { ImageRepository, Tag } from '../records.ts'
import { arnOf, notFound, repositoryOf } from './repository.ts'

const namePattern = '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'

/** ECR's refusal of a parameter, in its words. */
export function invalid(parameter: string, constraint: string): ApiError {
  return new ApiError('InvalidParameterException', `Invalid parameter at '${parameter}' failed to satisfy constraint: '${constraint}'`)
}

/** A repository's name as it was given; 2 to 256 characters of its alphabet. Throws InvalidParameterException. */
export function checkName(name: unknown): string {
  if (typeof name !== 'string') throw invalid('repositoryName', 'Member must not be null')
  if (name.length < 2) throw invalid('repositoryName', 'must have length greater than or equal to 2')
  if (name.length > 256) throw invalid('repositoryName', 'must have length less than or equal to 256')
  if (!new RegExp(`^${namePattern}$`).test(name)) throw invalid('repositoryName', `must satisfy regular expression '${namePattern}'`)
  return name
}

/** There is one registry, that of the account; whoever names another one finds nothing there. */
export function ownRegistry(cloud: Cloud, { registryId }: { registryId?: string | undefined }, name: string): void {
  if (registryId === undefined || registryId === cloud.accountId) return
  throw new ApiError('RepositoryNotFoundException', notFound(cloud, name).replace(cloud.accountId, registryId))
}

/** The repository that an action is about. */
export interface Subject {
  readonly cloud: Cloud
  readonly name: string
  readonly repository: ImageRepository
}

/** An action about one repository: by then its name has been checked, the caller may do this, and it is there. */
// biome-ignore lint/suspicious/noExplicitAny: each action declares what it reads
export type RepositoryAction = (input: any, subject: Subject) => unknown

/** What all actions about one repository begin with, in ECR's order. */
export function subjectOf(input: { registryId?: string; repositoryName: string }, { cloud, caller, action }: Call): Subject {
  const name = checkName(input.repositoryName)
  cloud.authorize(caller, `ecr:${action}`, arnOf(cloud, name))
  ownRegistry(cloud, input, name)
  return { cloud, name, repository: repositoryOf(cloud, name) }
}

/** A list member of 1 to `most` items, or undefined where it is absent. Throws InvalidParameterException. */
export function asList<T>(value: unknown, parameter: string, most: number): T[] | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value) || value.length < 1) throw invalid(parameter, 'Member must have length greater than or equal to 1')
  if (value.length > most) throw invalid(parameter, `Member must have length less than or equal to ${most}`)
  return value
}

/** Tags beside those that are there, by ECR's limits. */
export function ecrTags(present: readonly Tag[], more: unknown): Tag[] {
  if (!Array.isArray(more)) throw invalid('tags', 'must be a list')
  const wrong = (tag: unknown) => new ApiError('InvalidTagParameterException', `Invalid tag: ${JSON.stringify(tag)}`)
  const odd = more.find((tag) => typeof tag?.Key !== 'string' || typeof tag.Value !== 'string')
  if (odd) throw wrong(odd)
  return mergeTags(present, more, {
    invalid: wrong,
    twice: () => new ApiError('InvalidTagParameterException', 'A tag key is given twice'),
    tooMany: () => new ApiError('TooManyTagsException', 'A repository can have 50 tags'),
  })
}

/** A page of `maxResults` (1 to 1000, by default 100) from where `nextToken` says. */
export function pageOf<T>(
  all: readonly T[],
  { nextToken, maxResults = 100 }: { nextToken?: string | undefined; maxResults?: number | undefined },
): { page: T[]; nextToken: string | undefined } {
  if (!Number.isInteger(maxResults) || maxResults < 1 || maxResults > 1000) throw invalid('maxResults', 'must be between 1 and 1000')
  const found = pageByPosition(all, maxResults, nextToken)
  if (!found) throw invalid('nextToken', 'Invalid token')
  return { page: found.items, nextToken: found.NextToken }
}
