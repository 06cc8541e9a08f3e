import { randomBytes } from 'node:crypto'
import { ApiError, type Store } from '../cloud.ts'
import type { Kind, Records } from '../records.ts'

/** What AWS calls a kind of resource, where that does not follow from the name that it has here. */
interface Named {
  /** How its ids begin. */
  readonly prefix: string
  /** The code of a refusal, without `.NotFound` and `.Malformed`. */
  readonly code: string
  /** Where the code for an id that cannot be one is spelled in another way. */
  readonly malformed?: string
  /** Its name in a refusal. */
  readonly noun?: string
  /** The member that has its id. */
  readonly id?: string
  /** Its name in tag specifications and filters. */
  readonly type?: string
}

const kinds = {
  vpc: { prefix: 'vpc', code: 'InvalidVpcID', malformed: 'InvalidVpcId' },
  subnet: { prefix: 'subnet', code: 'InvalidSubnetID' },
  internetGateway: { prefix: 'igw', code: 'InvalidInternetGatewayID' },
  routeTable: { prefix: 'rtb', code: 'InvalidRouteTableID' },
  routeTableAssociation: { prefix: 'rtbassoc', code: 'InvalidAssociationID', noun: 'association' },
  securityGroup: { prefix: 'sg', code: 'InvalidGroup', malformed: 'InvalidGroupId', noun: 'security group', id: 'GroupId' },
  securityGroupRule: { prefix: 'sgr', code: 'InvalidSecurityGroupRuleId', noun: 'security group rule' },
  vpcEndpoint: { prefix: 'vpce', code: 'InvalidVpcEndpointId', noun: 'Vpc Endpoint Id', type: 'vpc-endpoint' },
  instance: { prefix: 'i', code: 'InvalidInstanceID' },
  reservation: { prefix: 'r', code: 'InvalidReservationID' },
  networkInterface: { prefix: 'eni', code: 'InvalidNetworkInterfaceID' },
  networkInterfaceAttachment: { prefix: 'eni-attach', code: 'InvalidAttachmentID', noun: 'attachment' },
  volume: { prefix: 'vol', code: 'InvalidVolume', malformed: 'InvalidVolumeID' },
  address: { prefix: 'eipalloc', code: 'InvalidAllocationID', noun: 'allocation', id: 'AllocationId', type: 'elastic-ip' },
  addressAssociation: { prefix: 'eipassoc', code: 'InvalidAssociationID', noun: 'association' },
  image: { prefix: 'ami', code: 'InvalidAMIID' },
} as const satisfies Record<string, Named>

export type Ec2Kind = keyof typeof kinds
type StoredKind = Ec2Kind & Kind
type TaggedKind = { [K in Ec2Kind]: (typeof kinds)[K] extends { type: string } ? K : never }[Ec2Kind]

/** The kinds that have tags. */
export const taggedKinds = (Object.keys(kinds) as Ec2Kind[]).filter((kind): kind is TaggedKind => facts(kind).type !== undefined)

/** What AWS calls a kind. */
export function facts(kind: Ec2Kind): Required<Named> {
  const { code } = kinds[kind]
  const type = kind.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return { malformed: code, noun: kind, id: `${kind[0]!.toUpperCase()}${kind.slice(1)}Id`, type, ...kinds[kind] }
}

/** A new id as AWS makes them: the prefix and 17 hexadecimal digits, the first of which is 0. */
export function newId(kind: Ec2Kind): string {
  return `${kinds[kind].prefix}-0${randomBytes(8).toString('hex')}`
}

/** The kind that an id belongs to; undefined for what is none. */
export function kindOf(id: string): Ec2Kind | undefined {
  const prefix = id.slice(0, id.lastIndexOf('-'))
  return (Object.keys(kinds) as Ec2Kind[]).find((name) => kinds[name].prefix === prefix)
}

/** The record with this id. Throws ApiError `…NotFound` or `…Malformed`. */
export function find<K extends StoredKind>(store: Store, kind: K, id: string): Records[K] {
  const record = store.get(kind, id)
  if (!record) throw notFound(kind, id)
  return record
}

/** AWS's refusal for an id that names nothing: `…NotFound`, or `…Malformed` where the id could not name anything. */
export function notFound(kind: Ec2Kind, id: string): ApiError {
  const { prefix, noun, code, malformed } = facts(kind)
  if (!new RegExp(`^${prefix}-[0-9a-f]{8,17}$`).test(id)) {
    return new ApiError(`${malformed}.Malformed`, `Invalid id: "${id}" (expecting "${prefix}-...")`)
  }
  const what = { securityGroup: `The security group '${id}'`, image: `The image id '[${id}]'` }[kind as string] ?? `The ${noun} ID '${id}'`
  return new ApiError(`${code}.NotFound`, `${what} does not exist`)
}

/** AWS's refusal to remove what something else still needs. */
export function inUse(kind: Ec2Kind, id: string): ApiError {
  return new ApiError('DependencyViolation', `The ${facts(kind).noun} '${id}' has dependencies and cannot be deleted.`)
}
