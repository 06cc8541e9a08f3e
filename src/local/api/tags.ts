import type { ApiError } from '../cloud.ts'
import type { Tag } from '../records.ts'

/** A tag as a client gives it. */
export interface GivenTag {
  readonly Key?: string | undefined
  readonly Value?: string | undefined
}

/** How a service refuses tags. */
export interface TagRefusals {
  /** A key that is empty, longer than 128 characters or one of AWS's own, or a value of more than 256 characters. */
  invalid(tag: { Key: string; Value: string }): ApiError
  /** A key that is given twice; absent where the last one wins. */
  twice?(key: string): ApiError
  /** More than 50 tags. */
  tooMany(): ApiError
}

/** Sets tags beside those that are there, within the limits that all services have. Throws what `refusals` says. */
export function mergeTags(present: readonly Tag[], more: readonly GivenTag[] | undefined, refusals: TagRefusals): Tag[] {
  const merged = new Map(present.map(({ Key, Value }) => [Key, Value]))
  const given = new Set<string>()
  for (const { Key = '', Value = '' } of more ?? []) {
    if (Key === '' || Key.length > 128 || Value.length > 256 || /^aws:/i.test(Key)) throw refusals.invalid({ Key, Value })
    if (refusals.twice && given.has(Key)) throw refusals.twice(Key)
    given.add(Key)
    merged.set(Key, Value)
  }
  if (merged.size > 50) throw refusals.tooMany()
  return [...merged].map(([Key, Value]) => ({ Key, Value }))
}
