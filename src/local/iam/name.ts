import { randomBytes } from 'node:crypto'
import { pageByName } from '../api/paging.ts'
import { type GivenTag, mergeTags } from '../api/tags.ts'
import { ApiError, refuse } from '../cloud.ts'
import { base32 } from '../files/keys.ts'
import type { Tag } from '../records.ts'

/**
 * Checks a name that a request gives:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names
 */
export function checkName(parameter: string, name: string, longest: number): void {
  if (name.length <= longest && /^[\w+=,.@-]+$/.test(name)) return
  const message = `1 validation error detected: Value at '${parameter}' failed to satisfy constraint: Member must have length less than or equal to ${longest} and match [\\w+=,.@-]+`
  throw new ApiError('ValidationError', message)
}

/** A path is `/` or begins and ends with one. Returns `/` for none. */
export function checkPath(path: string | undefined): string {
  if (path !== undefined && !/^\/(?:[\x21-\x7e]*\/)?$/.test(path))
    throw new ApiError('ValidationError', 'The specified value for path is invalid.')
  return path ?? '/'
}

/** A unique id: `AROA` for roles, `AIPA` for instance profiles, and 17 characters. */
export function uniqueId(prefix: string): string {
  return `${prefix}${base32(randomBytes(11)).slice(0, 17)}`
}

/** Tags as IAM takes them: a key once, at most 50. */
export function iamTags(present: readonly Tag[], more: readonly GivenTag[] | undefined): Tag[] {
  return mergeTags(present, more, {
    invalid: ({ Key }) => new ApiError('InvalidInput', `The tag '${Key}' is not valid.`),
    twice: () => new ApiError('InvalidInput', 'Duplicate tag keys found. Please note that Tag keys are case insensitive.'),
    tooMany: () => new ApiError('LimitExceeded', 'The number of tags has reached the maximum limit.', 409),
  })
}

export function noSuchEntity(message: string): ApiError {
  return new ApiError('NoSuchEntity', message, 404)
}

export function alreadyExists(message: string): ApiError {
  return new ApiError('EntityAlreadyExists', message, 409)
}

export function conflict(message: string): ApiError {
  return new ApiError('DeleteConflict', message, 409)
}

/** One page of a list, IAM's way: a marker that names the last item. */
export function pageOf<T>(
  items: readonly T[],
  { Marker, MaxItems = 100 }: { Marker?: string | undefined; MaxItems?: number | undefined },
  id: (item: T) => string,
) {
  if (!Number.isInteger(MaxItems) || MaxItems < 1 || MaxItems > 1000)
    throw new ApiError('ValidationError', 'MaxItems must be between 1 and 1000.')
  const found = pageByName(items, id, MaxItems, Marker) ?? refuse(new ApiError('ValidationError', `Invalid Marker: ${Marker}`))
  return { page: found.items, IsTruncated: found.NextToken !== undefined, Marker: found.NextToken }
}
