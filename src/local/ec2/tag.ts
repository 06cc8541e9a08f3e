import type { TagSpecification } from '@aws-sdk/client-ec2'
import { ApiError } from '../cloud.ts'
import type { Tag } from '../records.ts'

/**
 * The tags of a create call for one type of resource (`vpc`, `elastic-ip`).
 * @throws ApiError where they are for another type, or AWS would refuse them
 */
export function tagsFor(type: string, specifications: readonly TagSpecification[] | undefined, others: readonly string[] = []): Tag[] {
  for (const { ResourceType } of specifications ?? []) {
    if (ResourceType !== type && !others.includes(ResourceType ?? '')) {
      throw new ApiError(
        'InvalidParameterValue',
        `Value (${ResourceType}) for parameter TagSpecification.ResourceType is invalid. '${type}' is expected.`,
      )
    }
  }
  const tags = (specifications ?? []).filter(({ ResourceType }) => ResourceType === type).flatMap(({ Tags }) => Tags ?? [])
  return mergeTags([], tags)
}

/** Sets tags beside those that are there. Limits: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions */
export function mergeTags(present: readonly Tag[], more: readonly { Key?: string | undefined; Value?: string | undefined }[]): Tag[] {
  const merged = new Map(present.map(({ Key, Value }) => [Key, Value]))
  const keys = new Set<string>()
  for (const { Key = '', Value = '' } of more) {
    if (Key === '') throw new ApiError('InvalidParameterValue', 'Tag key cannot be empty.')
    if (Key.length > 128) throw new ApiError('InvalidParameterValue', `Tag key exceeds the maximum length of 128 characters: ${Key}`)
    if (Value.length > 256) throw new ApiError('InvalidParameterValue', `Tag value exceeds the maximum length of 256 characters: ${Value}`)
    if (/^aws:/i.test(Key)) throw new ApiError('InvalidParameterValue', "Tag keys starting with 'aws:' are reserved for internal use")
    if (keys.has(Key)) throw new ApiError('InvalidParameterValue', `Duplicate tag key '${Key}' specified.`)
    keys.add(Key)
    merged.set(Key, Value)
  }
  if (merged.size > 50) throw new ApiError('TagLimitExceeded', 'More than 50 tags are not allowed on a resource')
  return [...merged].map(([Key, Value]) => ({ Key, Value }))
}
