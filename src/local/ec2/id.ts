import { randomBytes } from 'node:crypto'
import { ApiError } from '../cloud.ts'

/** How the ids of each kind of resource begin, what AWS calls it in a message, and its code when there is none. */
const kinds = {
  vpc: { prefix: 'vpc', noun: 'vpc', code: 'InvalidVpcID' },
  subnet: { prefix: 'subnet', noun: 'subnet', code: 'InvalidSubnetID' },
  internetGateway: { prefix: 'igw', noun: 'internetGateway', code: 'InvalidInternetGatewayID' },
  routeTable: { prefix: 'rtb', noun: 'routeTable', code: 'InvalidRouteTableID' },
  routeTableAssociation: { prefix: 'rtbassoc', noun: 'association', code: 'InvalidAssociationID' },
  securityGroup: { prefix: 'sg', noun: 'security group', code: 'InvalidGroup' },
  securityGroupRule: { prefix: 'sgr', noun: 'security group rule', code: 'InvalidSecurityGroupRuleId' },
  instance: { prefix: 'i', noun: 'instance', code: 'InvalidInstanceID' },
  reservation: { prefix: 'r', noun: 'reservation', code: 'InvalidReservationID' },
  networkInterface: { prefix: 'eni', noun: 'networkInterface', code: 'InvalidNetworkInterfaceID' },
  networkInterfaceAttachment: { prefix: 'eni-attach', noun: 'attachment', code: 'InvalidAttachmentID' },
  volume: { prefix: 'vol', noun: 'volume', code: 'InvalidVolume' },
  address: { prefix: 'eipalloc', noun: 'allocation', code: 'InvalidAllocationID' },
  addressAssociation: { prefix: 'eipassoc', noun: 'association', code: 'InvalidAssociationID' },
} as const

/** Where the code for an id that cannot be one is spelled in another way. */
const malformed: Readonly<Record<string, string>> = {
  InvalidVpcID: 'InvalidVpcId',
  InvalidGroup: 'InvalidGroupId',
  InvalidVolume: 'InvalidVolumeID',
}

export type Ec2Kind = keyof typeof kinds

/** A new id as AWS makes them: the prefix and 17 hexadecimal digits, the first of which is 0. */
export function newId(kind: Ec2Kind): string {
  return `${kinds[kind].prefix}-0${randomBytes(8).toString('hex')}`
}

/** The resource type in tag specifications and filters that an id belongs to; undefined for what carries no tags here. */
export function kindOf(id: string): Ec2Kind | undefined {
  const names = Object.keys(kinds) as Ec2Kind[]
  return names.find((name) => id.startsWith(`${kinds[name].prefix}-`) && !id.startsWith(`${kinds[name].prefix}-attach-`))
}

/** AWS's refusal for an id that names nothing: `…NotFound`, or `…Malformed` where the id could not name anything. */
export function notFound(kind: Ec2Kind, id: string): ApiError {
  const { prefix, noun, code } = kinds[kind]
  if (!new RegExp(`^${prefix}-[0-9a-f]{8,17}$`).test(id)) {
    return new ApiError(`${malformed[code] ?? code}.Malformed`, `Invalid id: "${id}" (expecting "${prefix}-...")`)
  }
  const what = kind === 'securityGroup' ? `The security group '${id}'` : `The ${noun} ID '${id}'`
  return new ApiError(`${code}.NotFound`, `${what} does not exist`)
}

/** AWS's refusal to remove what something else still needs. */
export function inUse(kind: Ec2Kind, id: string): ApiError {
  return new ApiError('DependencyViolation', `The ${kinds[kind].noun} '${id}' has dependencies and cannot be deleted.`)
}
