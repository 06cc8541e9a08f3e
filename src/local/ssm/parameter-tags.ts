import type {
  AddTagsToResourceRequest,
  AddTagsToResourceResult,
  ListTagsForResourceRequest,
  ListTagsForResourceResult,
  RemoveTagsFromResourceRequest,
  RemoveTagsFromResourceResult,
} from '@aws-sdk/client-ssm'
import type { Call, Cloud } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import type { Tag } from '../records.ts'
import { type Parameter, parameterArn } from './parameter.ts'

interface Target {
  readonly ResourceType?: string | undefined
  readonly ResourceId?: string | undefined
}

/** Tags beside those that are there. Throws ApiError as Systems Manager does. */
export function mergeParameterTags(
  present: readonly Tag[],
  more: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined,
): Tag[] {
  const tags = new Map(present.map(({ Key, Value }) => [Key, Value]))
  for (const { Key = '', Value = '' } of more ?? []) {
    if (Key === '' || Key.length > 128 || Value.length > 256 || /^aws:/i.test(Key)) {
      throw new ApiError('ValidationException', `The tag '${Key}' is not valid.`)
    }
    tags.set(Key, Value)
  }
  if (tags.size > 50) throw new ApiError('TooManyTagsError', 'A parameter can have 50 tags.')
  return [...tags].map(([Key, Value]) => ({ Key, Value }))
}

function find(cloud: Cloud, { ResourceType, ResourceId = '' }: Target): Parameter {
  if (ResourceType !== 'Parameter') {
    throw new ApiError('InvalidResourceType', `The embedded cloud keeps tags of the resource type Parameter, not of ${ResourceType}.`)
  }
  const parameter = cloud.store.get('parameter', ResourceId)
  if (!parameter)
    throw new ApiError('InvalidResourceId', 'The resource ID is not valid. Verify that you entered the correct ID and try again.')
  return parameter
}

export const parameterTagActions = {
  AddTagsToResource(input: AddTagsToResourceRequest, { cloud, caller }: Call): AddTagsToResourceResult {
    cloud.authorize(caller, 'ssm:AddTagsToResource', parameterArn(cloud, input.ResourceId ?? ''))
    cloud.store.transaction(() => {
      const parameter = find(cloud, input)
      cloud.store.put('parameter', parameter.Name, { ...parameter, Tags: mergeParameterTags(parameter.Tags, input.Tags) })
    })
    return {}
  },

  RemoveTagsFromResource(input: RemoveTagsFromResourceRequest, { cloud, caller }: Call): RemoveTagsFromResourceResult {
    cloud.authorize(caller, 'ssm:RemoveTagsFromResource', parameterArn(cloud, input.ResourceId ?? ''))
    cloud.store.transaction(() => {
      const parameter = find(cloud, input)
      const Tags = parameter.Tags.filter(({ Key }) => !input.TagKeys?.includes(Key))
      cloud.store.put('parameter', parameter.Name, { ...parameter, Tags })
    })
    return {}
  },

  ListTagsForResource(input: ListTagsForResourceRequest, { cloud, caller }: Call): ListTagsForResourceResult {
    cloud.authorize(caller, 'ssm:ListTagsForResource', parameterArn(cloud, input.ResourceId ?? ''))
    return { TagList: find(cloud, input).Tags }
  },
}
