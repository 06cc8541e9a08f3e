import type { Cloud, Store } from '../cloud.ts'
import { kindOf } from '../ec2/kinds.ts'
import type { Tag } from '../records.ts'
import type { Context } from './condition.ts'

/** One permission that a call needs: AWS's service authorization reference says which, for every action. */
export interface Permission {
  /** `ec2:RunInstances`. */
  readonly action: string
  /** An ARN; `*` for actions that know no resources. */
  readonly resource: string
  readonly context?: Context
}

interface GivenTag {
  readonly Key?: string | undefined
  readonly Value?: string | undefined
}

/** What a call's tags are in conditions. */
export function requestTags(tags: readonly GivenTag[] | undefined): Context {
  if (!tags?.length) return {}
  const values = tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value ?? ''] as const)
  return { ...Object.fromEntries(values), 'aws:TagKeys': tags.map(({ Key }) => Key ?? '') }
}

/** What the tags of a resource that is there are in conditions; Systems Manager has a key of its own for them. */
export function resourceTags(store: Store, arn: string): Context {
  const tags = tagsAt(store, arn) ?? []
  return Object.fromEntries(
    tags.flatMap(({ Key, Value }) => ['aws:ResourceTag', 'ec2:ResourceTag', 'ssm:resourceTag'].map((key) => [`${key}/${Key}`, Value])),
  )
}

function tagsAt(store: Store, arn: string): readonly Tag[] | undefined {
  const [, , service, region = '', , ...rest] = arn.split(':')
  const [type = '', ...path] = rest.join(':').split('/')
  const name = path.at(-1) ?? ''
  if (service === 'iam' && type === 'role') return store.get('role', name)?.Tags
  if (service === 'iam' && type === 'instance-profile') return store.get('instanceProfile', name)?.Tags
  if (service === 'ssm' && type === 'parameter') return store.in(region).get('parameter', `/${path.join('/')}`)?.Tags
  if (service === 'ecr') return store.in(region).get('repository', path.join('/'))?.tags
  return service === 'ec2' ? tagsOfEc2(store, name) : undefined
}

/** Interfaces and volumes come and go with their instance, which has their record. */
function tagsOfEc2(store: Store, id: string): readonly Tag[] | undefined {
  const kind = kindOf(id)
  if (kind === 'networkInterface')
    return store.list('instance').find(({ NetworkInterfaceId }) => NetworkInterfaceId === id)?.NetworkInterfaceTags
  switch (kind) {
    case 'vpc':
    case 'subnet':
    case 'internetGateway':
    case 'routeTable':
    case 'securityGroup':
    case 'instance':
    case 'address':
    case 'vpcEndpoint':
      return store.get(kind, id)?.Tags
    default:
      return undefined
  }
}

/** That a call hands on the role of a profile, or this role, to EC2. */
export function passRole({ store, accountId }: Cloud, name: string | undefined): Permission {
  const path = (name !== undefined && store.get('role', name)?.Path) || '/'
  const resource = `arn:aws:iam::${accountId}:role${path}${name ?? '*'}`
  return { action: 'iam:PassRole', resource, context: { 'iam:PassedToService': 'ec2.amazonaws.com' } }
}
