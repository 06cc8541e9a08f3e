import type {
  CreateSubnetRequest,
  CreateSubnetResult,
  DeleteSubnetRequest,
  DescribeSubnetsRequest,
  DescribeSubnetsResult,
  ModifySubnetAttributeRequest,
  Subnet as WireSubnet,
} from '@aws-sdk/client-ec2'
import type { Call, Cloud, Store } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import type { Tag } from '../records.ts'
import { contains, formatCidr, overlaps, parseCidr } from './cidr.ts'
import { inUse, newId, notFound } from './id.ts'
import { liveInstances } from './live.ts'
import { named, select } from './select.ts'
import { tagsFor } from './tag.ts'
import { findVpc } from './vpc.ts'
import { zoneId, zoneLetter, zoneLetters } from './zone.ts'

export interface Subnet {
  SubnetId: string
  VpcId: string
  CidrBlock: string
  /** The letter of its availability zone. */
  Zone: string
  MapPublicIpOnLaunch: boolean
  Tags: Tag[]
}

declare module '../records.ts' {
  interface Records {
    subnet: Subnet
  }
}

/** AWS keeps five addresses of each subnet: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html */
const reserved = 5

/** The subnet with this id. Throws ApiError InvalidSubnetID.NotFound. */
export function findSubnet(store: Store, id: string): Subnet {
  const subnet = store.get('subnet', id)
  if (!subnet) throw notFound('subnet', id)
  return subnet
}

export const subnetActions = {
  CreateSubnet(input: CreateSubnetRequest, { cloud }: Call): CreateSubnetResult {
    const { store, region } = cloud
    const { VpcId = '', CidrBlock, AvailabilityZone, AvailabilityZoneId, TagSpecifications } = input
    const vpc = findVpc(store, VpcId)
    if (!CidrBlock) throw new ApiError('MissingParameter', 'Either cidrBlock or ipv4IpamPoolId should be provided.')
    const block = parseCidr(CidrBlock)
    if (block.bits < 16 || block.bits > 28 || !contains(parseCidr(vpc.CidrBlock), block)) {
      throw new ApiError('InvalidSubnet.Range', `The CIDR '${CidrBlock}' is invalid.`)
    }
    const taken = store.list('subnet').some((other) => other.VpcId === VpcId && overlaps(parseCidr(other.CidrBlock), block))
    if (taken) throw new ApiError('InvalidSubnet.Conflict', `The CIDR '${CidrBlock}' conflicts with another subnet`)
    const anywhere = AvailabilityZone === undefined && AvailabilityZoneId === undefined
    const subnet: Subnet = {
      SubnetId: newId('subnet'),
      VpcId,
      CidrBlock: formatCidr(block),
      Zone: anywhere ? zoneLetters[0] : zoneLetter(region, AvailabilityZone, AvailabilityZoneId),
      MapPublicIpOnLaunch: false,
      Tags: tagsFor('subnet', TagSpecifications),
    }
    store.put('subnet', subnet.SubnetId, subnet)
    return { Subnet: wire(subnet, cloud) }
  },

  DescribeSubnets(input: DescribeSubnetsRequest, { cloud }: Call): DescribeSubnetsResult {
    const { store, region, accountId } = cloud
    const subnets = named(
      input.SubnetIds,
      () => store.list('subnet'),
      (id) => findSubnet(store, id),
    )
    const { items, NextToken } = select(subnets, input, {
      id: ({ SubnetId }) => SubnetId,
      filters: {
        'subnet-id': ({ SubnetId }) => SubnetId,
        'vpc-id': ({ VpcId }) => VpcId,
        'availability-zone': ({ Zone }) => region + Zone,
        'availability-zone-id': ({ Zone }) => zoneId(region, Zone),
        'cidr-block': ({ CidrBlock }) => CidrBlock,
        'map-public-ip-on-launch': ({ MapPublicIpOnLaunch }) => MapPublicIpOnLaunch,
        'default-for-az': () => false,
        'owner-id': () => accountId,
        state: () => 'available',
      },
    })
    return { Subnets: items.map((subnet) => wire(subnet, cloud)), NextToken }
  },

  /** Associations with route tables go with the subnet, as in AWS. */
  DeleteSubnet({ SubnetId = '' }: DeleteSubnetRequest, { cloud: { store } }: Call): void {
    findSubnet(store, SubnetId)
    if (liveInstances(store).some((instance) => instance.SubnetId === SubnetId)) throw inUse('subnet', SubnetId)
    for (const table of store.list('routeTable')) {
      const left = table.Associations.filter((association) => association.SubnetId !== SubnetId)
      if (left.length < table.Associations.length) store.put('routeTable', table.RouteTableId, { ...table, Associations: left })
    }
    store.delete('subnet', SubnetId)
  },

  ModifySubnetAttribute({ SubnetId = '', MapPublicIpOnLaunch, ...others }: ModifySubnetAttributeRequest, { cloud: { store } }: Call): void {
    const subnet = findSubnet(store, SubnetId)
    const [other] = Object.keys(others)
    if (other) throw new ApiError('InvalidParameterValue', `The embedded cloud cannot change ${other} of a subnet.`)
    if (!MapPublicIpOnLaunch) throw new ApiError('MissingParameter', 'The request must contain one attribute to modify')
    store.put('subnet', SubnetId, { ...subnet, MapPublicIpOnLaunch: MapPublicIpOnLaunch.Value ?? false })
  },
}

function wire({ Zone, ...subnet }: Subnet, { store, region, accountId }: Cloud): WireSubnet {
  const inside = liveInstances(store).filter(({ SubnetId }) => SubnetId === subnet.SubnetId).length
  return {
    ...subnet,
    AvailabilityZone: region + Zone,
    AvailabilityZoneId: zoneId(region, Zone),
    AvailableIpAddressCount: parseCidr(subnet.CidrBlock).size - reserved - inside,
    DefaultForAz: false,
    AssignIpv6AddressOnCreation: false,
    Ipv6CidrBlockAssociationSet: [],
    OwnerId: accountId,
    State: 'available',
    SubnetArn: `arn:aws:ec2:${region}:${accountId}:subnet/${subnet.SubnetId}`,
  }
}
