/** Tags as a plain object; the shape AWS wants differs from service to service. */
export type Tags = Readonly<Record<string, string>>

/** `[{ Key, Value }]`, as EC2, IAM, SSM and ECR take them. */
export function tagList(tags: Tags): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
}

/**
 * The input of a call with these tags beside those that it gives. EC2 takes tags by what is made, ECR spells them
 * small, everything else has `Tags`; a call that gives none makes nothing that has any.
 */
export function withTags<Input extends object>(input: Input, more: Tags): Input {
  const { TagSpecifications, Tags, tags } = input as TaggedInput
  const all = (given: TagList) => [...given, ...tagList(more)]
  return {
    ...input,
    ...(TagSpecifications && { TagSpecifications: TagSpecifications.map((each) => ({ ...each, Tags: all(each.Tags ?? []) })) }),
    ...(Tags && { Tags: all(Tags) }),
    ...(tags && { tags: all(tags) }),
  }
}

type TagList = readonly { Key?: string | undefined; Value?: string | undefined }[]

interface TaggedInput {
  readonly TagSpecifications?: readonly { readonly Tags?: TagList }[]
  readonly Tags?: TagList
  readonly tags?: TagList
}

/** The filters of an EC2 describe call that leave only what carries all of these tags. */
export function tagFilters(tags: Tags): { Name: string; Values: string[] }[] {
  return Object.entries(tags).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] }))
}

/** The tags of a described resource as a plain object. */
export function tagsOf(described: { Tags?: { Key?: string | undefined; Value?: string | undefined }[] | undefined }): Tags {
  return Object.fromEntries((described.Tags ?? []).map((tag) => [tag.Key ?? '', tag.Value ?? '']))
}

/** Whether `tags` has every one of `wanted`. */
export function hasTags(tags: Tags, wanted: Tags): boolean {
  return Object.entries(wanted).every(([key, value]) => tags[key] === value)
}
