import type { EC2, NetworkInterface } from '@aws-sdk/client-ec2'
import type { Actions, Cloud } from '../../cloud.ts'
import type { Instance } from '../../records.ts'
import { describe } from '../describe.ts'
import { liveInstances } from '../instances/live.ts'
import { elasticIpOf, macOf, privateAddresses, publicAddress } from '../instances/public-address.ts'
import { endpointInterfaces } from './vpc-endpoint.ts'

/** The one interface of an instance. Its record is the instance's: interfaces come and go with instances here. */
export function networkInterface(instance: Instance, { store, region, accountId }: Cloud) {
  const { InstanceId, PrivateIpAddress, SubnetId, VpcId, SecurityGroupIds } = instance
  const associationOf = (address: string) => {
    const elastic = elasticIpOf(store, instance, address)
    const PublicIp = publicAddress(store, instance, address)
    if (PublicIp === undefined) return undefined
    const IpOwnerId = elastic ? accountId : 'amazon'
    return { PublicIp, IpOwnerId, AllocationId: elastic?.AllocationId, AssociationId: elastic?.AssociationId }
  }
  const [primary, ...secondary] = privateAddresses(instance).map((address, index) => ({
    Primary: index === 0,
    PrivateIpAddress: address,
    Association: associationOf(address),
  }))
  const gone = instance.State === 'terminated'
  return {
    NetworkInterfaceId: instance.NetworkInterfaceId,
    SubnetId,
    VpcId,
    OwnerId: accountId,
    RequesterId: accountId,
    RequesterManaged: false,
    AvailabilityZone: `${region}${instance.Zone}`,
    Description: '',
    InterfaceType: 'interface' as const,
    MacAddress: macOf(instance),
    PrivateIpAddress,
    PrivateIpAddresses: [primary!, ...secondary],
    SourceDestCheck: true,
    Status: gone ? ('available' as const) : ('in-use' as const),
    Association: primary!.Association,
    Attachment: {
      AttachmentId: instance.AttachmentId,
      AttachTime: new Date(instance.LaunchTime),
      DeleteOnTermination: true,
      DeviceIndex: 0,
      InstanceId,
      InstanceOwnerId: accountId,
      Status: gone ? ('detaching' as const) : ('attached' as const),
    },
    Groups: SecurityGroupIds.map((GroupId) => ({ GroupId, GroupName: store.get('securityGroup', GroupId)?.GroupName ?? '' })),
    TagSet: instance.NetworkInterfaceTags,
  } satisfies NetworkInterface
}

export const networkInterfaceActions = {
  DescribeNetworkInterfaces: describe<'NetworkInterfaces', NetworkInterface>('NetworkInterfaces', {
    kind: 'networkInterface',
    all: (cloud) => [...liveInstances(cloud.store).map((instance) => networkInterface(instance, cloud)), ...endpointInterfaces(cloud)],
    filters: [
      'network-interface-id',
      'vpc-id',
      'subnet-id',
      'private-ip-address',
      'association.public-ip',
      'association.allocation-id',
      'attachment.instance-id',
      'attachment.status',
      'status',
      'description',
    ],
    also: {
      'group-id': 'Groups.GroupId',
      'addresses.private-ip-address': 'PrivateIpAddresses.PrivateIpAddress',
      'addresses.association.public-ip': 'PrivateIpAddresses.Association.PublicIp',
    },
  }),
} satisfies Actions<EC2>
