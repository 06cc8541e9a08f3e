import { randomBytes } from 'node:crypto'
import { ApiError, type Store } from '../cloud.ts'
import type { Kind, Records } from '../records.ts'

/** What AWS calls a kind of resource, and where the cloud keeps it. */
interface Ec2Resource {
  /** How its ids begin. */
  readonly prefix: string
  /** Its name in a refusal. */
  readonly noun: string
  /** The code of a refusal, without `.NotFound` and `.Malformed`. */
  readonly code: string
  /** Where the code for an id that cannot be one is spelled in another way. */
  readonly malformed?: string
  /** The member that has its id. */
  readonly id?: string
  /** Its name in tag specifications and filters; absent where it has no tags here. */
  readonly type?: string
}

const kinds = {
  vpc: { prefix: 'vpc', noun: 'vpc', code: 'InvalidVpcID', malformed: 'InvalidVpcId', id: 'VpcId', type: 'vpc' },
  subnet: { prefix: 'subnet', noun: 'subnet', code: 'InvalidSubnetID', id: 'SubnetId', type: 'subnet' },
  internetGateway: {
    prefix: 'igw',
    noun: 'internetGateway',
    code: 'InvalidInternetGatewayID',
    id: 'InternetGatewayId',
    type: 'internet-gateway',
  },
  routeTable: { prefix: 'rtb', noun: 'routeTable', code: 'InvalidRouteTableID', id: 'RouteTableId', type: 'route-table' },
  routeTableAssociation: { prefix: 'rtbassoc', noun: 'association', code: 'InvalidAssociationID' },
  securityGroup: {
    prefix: 'sg',
    noun: 'security group',
    code: 'InvalidGroup',
    malformed: 'InvalidGroupId',
    id: 'GroupId',
    type: 'security-group',
  },
  securityGroupRule: { prefix: 'sgr', noun: 'security group rule', code: 'InvalidSecurityGroupRuleId', id: 'SecurityGroupRuleId' },
  instance: { prefix: 'i', noun: 'instance', code: 'InvalidInstanceID', id: 'InstanceId', type: 'instance' },
  reservation: { prefix: 'r', noun: 'reservation', code: 'InvalidReservationID' },
  networkInterface: {
    prefix: 'eni',
    noun: 'networkInterface',
    code: 'InvalidNetworkInterfaceID',
    id: 'NetworkInterfaceId',
    type: 'network-interface',
  },
  networkInterfaceAttachment: { prefix: 'eni-attach', noun: 'attachment', code: 'InvalidAttachmentID' },
  volume: { prefix: 'vol', noun: 'volume', code: 'InvalidVolume', malformed: 'InvalidVolumeID', id: 'VolumeId', type: 'volume' },
  address: { prefix: 'eipalloc', noun: 'allocation', code: 'InvalidAllocationID', id: 'AllocationId', type: 'elastic-ip' },
  addressAssociation: { prefix: 'eipassoc', noun: 'association', code: 'InvalidAssociationID' },
  image: { prefix: 'ami', noun: 'image', code: 'InvalidAMIID', id: 'ImageId' },
} as const satisfies Record<string, Ec2Resource>

export type Ec2Kind = keyof typeof kinds
type StoredKind = Ec2Kind & Kind

/** What is known of a kind. */
export function facts(kind: Ec2Kind): Ec2Resource {
  return kinds[kind]
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
  const { prefix, noun, code, malformed = code } = facts(kind)
  if (!new RegExp(`^${prefix}-[0-9a-f]{8,17}$`).test(id)) {
    return new ApiError(`${malformed}.Malformed`, `Invalid id: "${id}" (expecting "${prefix}-...")`)
  }
  const what = { securityGroup: `The security group '${id}'`, image: `The image id '[${id}]'` }[kind as string] ?? `The ${noun} ID '${id}'`
  return new ApiError(`${code}.NotFound`, `${what} does not exist`)
}

/** AWS's refusal to remove what something else still needs. */
export function inUse(kind: Ec2Kind, id: string): ApiError {
  return new ApiError('DependencyViolation', `The ${kinds[kind].noun} '${id}' has dependencies and cannot be deleted.`)
}
