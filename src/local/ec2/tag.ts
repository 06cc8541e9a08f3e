import type { TagSpecification } from '@aws-sdk/client-ec2'
import { type GivenTag, mergeTags, type TagRefusals } from '../api/tags.ts'
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
  return mergeEc2Tags([], tags)
}

/**
 * Sets tags beside those that are there. Limits:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
 */
export function mergeEc2Tags(present: readonly Tag[], more: readonly GivenTag[]): Tag[] {
  return mergeTags(present, more, refusals)
}

const refusals: TagRefusals = {
  invalid({ Key, Value }) {
    if (Key === '') return new ApiError('InvalidParameterValue', 'Tag key cannot be empty.')
    if (/^aws:/i.test(Key)) return new ApiError('InvalidParameterValue', "Tag keys starting with 'aws:' are reserved for internal use")
    const [what, most, text] = Key.length > 128 ? ['key', 128, Key] : ['value', 256, Value]
    return new ApiError('InvalidParameterValue', `Tag ${what} exceeds the maximum length of ${most} characters: ${text}`)
  },
  twice: (key) => new ApiError('InvalidParameterValue', `Duplicate tag key '${key}' specified.`),
  tooMany: () => new ApiError('TagLimitExceeded', 'More than 50 tags are not allowed on a resource'),
}
