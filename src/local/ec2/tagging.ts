import type { CreateTagsRequest, DeleteTagsRequest, DescribeTagsRequest, DescribeTagsResult } from '@aws-sdk/client-ec2'
import type { Call, Store } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import type { Tag } from '../records.ts'
import type { Ec2Kind } from './id.ts'
import { kindOf, notFound } from './id.ts'
import { select } from './select.ts'
import { mergeTags } from './tag.ts'

/** Where the tags of each kind are kept, and what AWS calls the kind in `resource-type`. */
const places = {
  vpc: { type: 'vpc', id: 'VpcId', tags: 'Tags', record: 'vpc' },
  subnet: { type: 'subnet', id: 'SubnetId', tags: 'Tags', record: 'subnet' },
  internetGateway: { type: 'internet-gateway', id: 'InternetGatewayId', tags: 'Tags', record: 'internetGateway' },
  routeTable: { type: 'route-table', id: 'RouteTableId', tags: 'Tags', record: 'routeTable' },
  securityGroup: { type: 'security-group', id: 'GroupId', tags: 'Tags', record: 'securityGroup' },
  address: { type: 'elastic-ip', id: 'AllocationId', tags: 'Tags', record: 'address' },
  instance: { type: 'instance', id: 'InstanceId', tags: 'Tags', record: 'instance' },
  volume: { type: 'volume', id: 'VolumeId', tags: 'VolumeTags', record: 'instance' },
  networkInterface: { type: 'network-interface', id: 'NetworkInterfaceId', tags: 'NetworkInterfaceTags', record: 'instance' },
} as const satisfies Partial<Record<Ec2Kind, unknown>>

type Taggable = keyof typeof places
type Loose = Record<string, unknown>

function isTaggable(kind: Ec2Kind | undefined): kind is Taggable {
  return kind !== undefined && Object.hasOwn(places, kind)
}

/** Replaces the tags of what an id names. Throws ApiError where it names nothing. */
function change(store: Store, resource: string, tags: (present: Tag[]) => Tag[]): void {
  const kind = kindOf(resource)
  if (!isTaggable(kind)) throw new ApiError('InvalidID', `The ID '${resource}' is not valid`)
  const place = places[kind]
  const record = (store.list(place.record) as unknown as Loose[]).find((each) => each[place.id] === resource)
  if (!record) throw notFound(kind, resource)
  const key = String(record[places[place.record].id])
  store.put(place.record, key, { ...record, [place.tags]: tags((record[place.tags] as Tag[] | undefined) ?? []) } as never)
}

export const taggingActions = {
  CreateTags({ Resources = [], Tags = [] }: CreateTagsRequest, { cloud: { store } }: Call): void {
    if (Tags.length === 0) throw new ApiError('MissingParameter', 'The request must contain the parameter Tags')
    for (const resource of Resources) change(store, resource, (present) => mergeTags(present, Tags))
  },

  /** A tag with a value goes only if it has that value; without tags, all of them go. */
  DeleteTags({ Resources = [], Tags }: DeleteTagsRequest, { cloud: { store } }: Call): void {
    const goes = ({ Key, Value }: Tag) =>
      !Tags?.length || Tags.some((tag) => tag.Key === Key && (tag.Value === undefined || tag.Value === Value))
    for (const resource of Resources) change(store, resource, (present) => present.filter((tag) => !goes(tag)))
  },

  DescribeTags(input: DescribeTagsRequest, { cloud: { store } }: Call): DescribeTagsResult {
    const all = Object.values(places).flatMap(({ type, id, tags, record }) => {
      return (store.list(record) as unknown as Loose[]).flatMap((each) => {
        const present = (each[tags] as Tag[] | undefined) ?? []
        return present.map(({ Key, Value }) => ({ ResourceId: String(each[id]), ResourceType: type, Key, Value }))
      })
    })
    const { items, NextToken } = select(all, input, {
      id: ({ ResourceId, Key }) => `${ResourceId} ${Buffer.from(Key).toString('hex')}`,
      filters: {
        key: ({ Key }) => Key,
        value: ({ Value }) => Value,
        'resource-id': ({ ResourceId }) => ResourceId,
        'resource-type': ({ ResourceType }) => ResourceType,
      },
    })
    return { Tags: items, NextToken }
  },
}
