import type { Cloud } from '../cloud.ts'
import { findProfile } from '../iam/instance-profile.ts'
import { type Permission, passRole, requestTags } from '../iam/permission.ts'
import { nowhere } from '../iam/policy.ts'
import type { Kind } from '../records.ts'
import { type Ec2Kind, facts, kindOf } from './kinds.ts'

/** What an action makes, by the names that resources have in ARNs. */
const made: Readonly<Record<string, readonly string[]>> = {
  AllocateAddress: ['elastic-ip'],
  CreateInternetGateway: ['internet-gateway'],
  CreateRouteTable: ['route-table'],
  CreateSecurityGroup: ['security-group'],
  CreateSubnet: ['subnet'],
  CreateVpc: ['vpc'],
  RunInstances: ['instance', 'network-interface', 'volume'],
}

/** Actions that name more than what they need a permission on. */
const only: Readonly<Record<string, readonly Ec2Kind[]>> = { CreateRoute: ['routeTable'], ReplaceRoute: ['routeTable'] }

/** Members whose texts are no names of resources of the call. */
const beside = ['ClientToken', 'Description', 'Filters', 'TagSpecifications', 'Tags', 'UserData']

interface Input {
  readonly AssociationId?: string
  readonly IamInstanceProfile?: { readonly Arn?: string; readonly Name?: string }
  readonly Tags?: readonly { Key?: string; Value?: string }[]
  readonly TagSpecifications?: readonly { ResourceType?: string; Tags?: readonly { Key?: string; Value?: string }[] }[]
}

/**
 * What a call to EC2 needs: the action on everything that it makes and on everything that it names, and whatever goes
 * along with tags and with a role:
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
 */
export function ec2Permissions(name: string, input: Input, cloud: Cloud): Permission[] {
  const action = `ec2:${name}`
  // Describe calls know no resources.
  if (name.startsWith('Describe')) return [{ action, resource: '*' }]
  const { TagSpecifications = [], Tags, IamInstanceProfile } = input
  const tagsOf = (type: string) => requestTags(TagSpecifications.find(({ ResourceType }) => ResourceType === type)?.Tags)
  const arn = (type: string, id: string) => `arn:aws:ec2:${cloud.region}:${type === 'image' ? '' : cloud.accountId}:${type}/${id}`
  const makes = (made[name] ?? []).map((type) => ({ action, resource: arn(type, '*'), context: tagsOf(type) }))
  const names = [...new Set(named(input, cloud))].flatMap((id) => {
    const kind = kindOf(id)
    return kind && (only[name]?.includes(kind) ?? true) ? [{ action, resource: arn(facts(kind).type, id), context: requestTags(Tags) }] : []
  })
  const tags = TagSpecifications.filter(({ Tags = [] }) => Tags.length > 0).map(({ ResourceType = '' }) => ({
    action: 'ec2:CreateTags',
    resource: arn(ResourceType, '*'),
    context: { ...tagsOf(ResourceType), 'ec2:CreateAction': name },
  }))
  const profile = IamInstanceProfile && findProfile(cloud.store, IamInstanceProfile.Arn ?? IamInstanceProfile.Name ?? '')
  const passes = IamInstanceProfile ? [passRole(cloud, profile?.role)] : []
  const whole = [...makes, ...names]
  return [...(whole.length > 0 ? whole : [{ action, resource: nowhere }]), ...tags, ...passes]
}

/** Volumes and interfaces have the record of their instance. */
function isThere(kind: Ec2Kind, id: string, store: Cloud['store']): boolean {
  if (kind === 'networkInterface') return store.list('instance').some(({ NetworkInterfaceId }) => NetworkInterfaceId === id)
  return kind === 'image' || kind === 'volume' || store.get(kind as Kind, id) !== undefined
}

/** The ids of resources that are there in what was sent; an association counts as what is associated. */
function named(value: unknown, { store }: Pick<Cloud, 'store'>): string[] {
  if (typeof value === 'string') {
    const kind = kindOf(value)
    if (kind === 'addressAssociation')
      return store.list('address').flatMap((each) => (each.AssociationId === value ? [each.AllocationId] : []))
    if (kind === 'routeTableAssociation') {
      const tables = store
        .list('routeTable')
        .filter(({ Associations }) => Associations.some((each) => each.RouteTableAssociationId === value))
      return tables.map(({ RouteTableId }) => RouteTableId)
    }
    return kind && isThere(kind, value, store) ? [value] : []
  }
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, each]) => (beside.includes(key) ? [] : named(each, { store })))
}
