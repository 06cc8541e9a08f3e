import type { EC2, Subnet as WireSubnet } from '@aws-sdk/client-ec2'
import { type Actions, ApiError, type Cloud } from '../../cloud.ts'
import type { Subnet } from '../../records.ts'
import { describe } from '../describe.ts'
import { liveInstances } from '../instances/live.ts'
import { find, inUse, newId } from '../kinds.ts'
import { tagsFor } from '../tag.ts'
import { contains, formatCidr, overlaps, parseCidr } from './cidr.ts'
import { liveEndpoints } from './vpc-endpoint.ts'
import { firstZone, zoneId, zoneSuffix } from './zone.ts'

/** AWS keeps five addresses of each subnet: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html */
const reserved = 5

export const subnetActions = {
  CreateSubnet({ VpcId = '', CidrBlock, AvailabilityZone, AvailabilityZoneId, TagSpecifications }, { cloud }) {
    const { store, region } = cloud
    const vpc = find(store, 'vpc', VpcId)
    if (!CidrBlock) throw new ApiError('MissingParameter', 'Either cidrBlock or ipv4IpamPoolId should be provided.')
    const block = parseCidr(CidrBlock)
    if (block.bits < 16 || block.bits > 28 || !contains(parseCidr(vpc.CidrBlock), block))
      throw new ApiError('InvalidSubnet.Range', `The CIDR '${CidrBlock}' is invalid.`)
    const taken = store.list('subnet').some((other) => other.VpcId === VpcId && overlaps(parseCidr(other.CidrBlock), block))
    if (taken) throw new ApiError('InvalidSubnet.Conflict', `The CIDR '${CidrBlock}' conflicts with another subnet`)
    const anywhere = AvailabilityZone === undefined && AvailabilityZoneId === undefined
    const subnet: Subnet = {
      SubnetId: newId('subnet'),
      VpcId,
      CidrBlock: formatCidr(block),
      Zone: anywhere ? firstZone : zoneSuffix(region, AvailabilityZone, AvailabilityZoneId),
      MapPublicIpOnLaunch: false,
      Tags: tagsFor('subnet', TagSpecifications),
    }
    store.put('subnet', subnet.SubnetId, subnet)
    return { Subnet: wire(subnet, cloud) }
  },

  DescribeSubnets: describe('Subnets', {
    kind: 'subnet',
    all: (cloud) => cloud.store.list('subnet').map((subnet) => wire(subnet, cloud)),
    filters: [
      'subnet-id',
      'vpc-id',
      'availability-zone',
      'availability-zone-id',
      'cidr-block',
      'map-public-ip-on-launch',
      'default-for-az',
      'owner-id',
      'state',
    ],
  }),

  /** Associations with route tables go with the subnet, as in AWS. */
  DeleteSubnet({ SubnetId = '' }, { cloud: { store } }) {
    find(store, 'subnet', SubnetId)
    const used =
      liveInstances(store).some((instance) => instance.SubnetId === SubnetId) ||
      liveEndpoints(store).some(({ SubnetIds }) => SubnetIds.includes(SubnetId))
    if (used) throw inUse('subnet', SubnetId)
    for (const table of store.list('routeTable')) {
      const left = table.Associations.filter((association) => association.SubnetId !== SubnetId)
      if (left.length < table.Associations.length) store.put('routeTable', table.RouteTableId, { ...table, Associations: left })
    }
    store.delete('subnet', SubnetId)
  },

  ModifySubnetAttribute({ SubnetId = '', MapPublicIpOnLaunch, ...others }, { cloud: { store } }) {
    const subnet = find(store, 'subnet', SubnetId)
    const [other] = Object.keys(others)
    if (other) throw new ApiError('InvalidParameterValue', `The embedded cloud cannot change ${other} of a subnet.`)
    if (!MapPublicIpOnLaunch) throw new ApiError('MissingParameter', 'The request must contain one attribute to modify')
    store.put('subnet', SubnetId, { ...subnet, MapPublicIpOnLaunch: MapPublicIpOnLaunch.Value ?? false })
  },
} satisfies Actions<EC2>

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
