import type { EC2, TagDescription } from '@aws-sdk/client-ec2'
import { type Actions, ApiError, type Store } from '../cloud.ts'
import type { Tag } from '../records.ts'
import { describe } from './describe.ts'
import { facts, find, kindOf, notFound, taggedKinds } from './kinds.ts'
import { mergeEc2Tags } from './tag.ts'

/** The kinds whose tags stand in the record of their instance, and where. */
const parts = { volume: 'VolumeTags', networkInterface: 'NetworkInterfaceTags' } as const
/** Those that have tags in their own record. */
const records = taggedKinds.filter((kind): kind is Exclude<typeof kind, keyof typeof parts> => !(kind in parts))

/** Replaces the tags of what an id names. Throws ApiError where it names nothing. */
function change(store: Store, id: string, edit: (present: Tag[]) => Tag[]): void {
  const kind = kindOf(id)
  const own = records.find((each) => each === kind)
  if (own) {
    const record = find(store, own, id)
    store.put(own, id, { ...record, Tags: edit(record.Tags) })
  } else if (kind === 'volume' || kind === 'networkInterface') {
    const holder = store.list('instance').find(({ VolumeId, NetworkInterfaceId }) => VolumeId === id || NetworkInterfaceId === id)
    if (!holder) throw notFound(kind, id)
    store.put('instance', holder.InstanceId, { ...holder, [parts[kind]]: edit(holder[parts[kind]]) })
  } else throw new ApiError('InvalidID', `The ID '${id}' is not valid`)
}

function all(store: Store): TagDescription[] {
  const shown = (kind: Parameters<typeof facts>[0], record: object, tags: readonly Tag[]) => {
    const { id, type } = facts(kind)
    return tags.map((tag) => ({ ResourceId: String(record[id as keyof object]), ResourceType: type as 'vpc', ...tag }))
  }
  return [
    ...records.flatMap((kind) => store.list(kind).flatMap((record) => shown(kind, record, record.Tags))),
    ...(['volume', 'networkInterface'] as const).flatMap((kind) =>
      store.list('instance').flatMap((instance) => shown(kind, instance, instance[parts[kind]])),
    ),
  ]
}

export const taggingActions = {
  CreateTags({ Resources = [], Tags = [] }, { cloud: { store } }) {
    if (Tags.length === 0) throw new ApiError('MissingParameter', 'The request must contain the parameter Tags')
    for (const resource of Resources) change(store, resource, (present) => mergeEc2Tags(present, Tags))
  },

  /** A tag with a value goes only if it has that value; without tags, all of them go. */
  DeleteTags({ Resources = [], Tags = [] }, { cloud: { store } }) {
    const goes = ({ Key, Value }: Tag) =>
      Tags.length === 0 || Tags.some((tag) => tag.Key === Key && (tag.Value === undefined || tag.Value === Value))
    for (const resource of Resources) change(store, resource, (present) => present.filter((tag) => !goes(tag)))
  },

  DescribeTags: describe('Tags', {
    id: ({ ResourceId, Key = '' }) => `${ResourceId} ${Buffer.from(Key).toString('hex')}`,
    all: ({ store }) => all(store),
    filters: ['key', 'value', 'resource-id', 'resource-type'],
  }),
} satisfies Actions<EC2>
