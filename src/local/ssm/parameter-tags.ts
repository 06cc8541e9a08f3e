import type { ListTagsForResourceRequest, SSM } from '@aws-sdk/client-ssm'
import { type GivenTag, mergeTags } from '../api/tags.ts'
import { type Actions, ApiError, type Cloud } from '../cloud.ts'
import type { Parameter, Tag } from '../records.ts'
import { parameterArn } from './parameter.ts'

/** Tags beside those that are there. Throws ApiError as Systems Manager does. */
export function mergeParameterTags(present: readonly Tag[], more: readonly GivenTag[] | undefined): Tag[] {
  return mergeTags(present, more, {
    invalid: ({ Key }) => new ApiError('ValidationException', `The tag '${Key}' is not valid.`),
    tooMany: () => new ApiError('TooManyTagsError', 'A parameter can have 50 tags.'),
  })
}

type Target = Pick<ListTagsForResourceRequest, 'ResourceType' | 'ResourceId'>

function find({ store }: Cloud, { ResourceType, ResourceId = '' }: Target): Parameter {
  if (ResourceType !== 'Parameter')
    throw new ApiError('InvalidResourceType', `The embedded cloud keeps tags of the resource type Parameter, not of ${ResourceType}.`)
  const parameter = store.get('parameter', ResourceId)
  if (!parameter)
    throw new ApiError('InvalidResourceId', 'The resource ID is not valid. Verify that you entered the correct ID and try again.')
  return parameter
}

function change(cloud: Cloud, target: Target, edit: (tags: Tag[]) => Tag[]): void {
  cloud.store.transaction(() => {
    const parameter = find(cloud, target)
    cloud.store.put('parameter', parameter.Name, { ...parameter, Tags: edit(parameter.Tags) })
  })
}

export const parameterTagActions = {
  AddTagsToResource({ Tags, ...target }, { cloud, caller }) {
    cloud.authorize(caller, 'ssm:AddTagsToResource', parameterArn(cloud, target.ResourceId ?? ''))
    change(cloud, target, (present) => mergeParameterTags(present, Tags))
  },

  RemoveTagsFromResource({ TagKeys = [], ...target }, { cloud, caller }) {
    cloud.authorize(caller, 'ssm:RemoveTagsFromResource', parameterArn(cloud, target.ResourceId ?? ''))
    change(cloud, target, (present) => present.filter(({ Key }) => !TagKeys.includes(Key)))
  },

  ListTagsForResource(target, { cloud, caller }) {
    cloud.authorize(caller, 'ssm:ListTagsForResource', parameterArn(cloud, target.ResourceId ?? ''))
    return { TagList: find(cloud, target).Tags }
  },
} satisfies Actions<SSM>
