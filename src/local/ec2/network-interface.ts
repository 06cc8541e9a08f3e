import type { DescribeNetworkInterfacesRequest, DescribeNetworkInterfacesResult, NetworkInterface } from '@aws-sdk/client-ec2'
import type { Call, Cloud } from '../cloud.ts'
import type { Instance, Tag } from '../records.ts'
import { notFound } from './id.ts'
import { liveInstances, publicAddress } from './live.ts'
import { named, select } from './select.ts'

/** The one interface of an instance. Its record is the instance's: interfaces come and go with instances here. */
export function networkInterface(instance: Instance, { store, region, accountId }: Cloud) {
  const { InstanceId, PrivateIpAddress, SubnetId, VpcId, SecurityGroupIds } = instance
  const elastic = store.list('address').find((address) => address.InstanceId === InstanceId)
  const PublicIp = publicAddress(instance, elastic ? [elastic] : [])
  const Association = PublicIp
    ? { PublicIp, IpOwnerId: elastic ? accountId : 'amazon', AllocationId: elastic?.AllocationId, AssociationId: elastic?.AssociationId }
    : undefined
  const gone = instance.State === 'terminated'
  const [a = 0, b = 0, c = 0, d = 0] = PrivateIpAddress.split('.').map(Number)
  return {
    NetworkInterfaceId: String(instance.NetworkInterfaceId),
    SubnetId,
    VpcId,
    OwnerId: accountId,
    RequesterId: accountId,
    RequesterManaged: false,
    AvailabilityZone: `${region}${instance.Zone}`,
    Description: '',
    InterfaceType: 'interface' as const,
    MacAddress: ['02', '00', ...[a, b, c, d].map((part) => part.toString(16).padStart(2, '0'))].join(':'),
    PrivateIpAddress,
    PrivateIpAddresses: [{ Primary: true, PrivateIpAddress, Association }],
    SourceDestCheck: true,
    Status: gone ? ('available' as const) : ('in-use' as const),
    Association,
    Attachment: {
      AttachmentId: String(instance.AttachmentId),
      AttachTime: new Date(instance.LaunchTime),
      DeleteOnTermination: true,
      DeviceIndex: 0,
      InstanceId,
      InstanceOwnerId: accountId,
      Status: gone ? ('detaching' as const) : ('attached' as const),
    },
    Groups: SecurityGroupIds.map((GroupId) => ({ GroupId, GroupName: store.get('securityGroup', GroupId)?.GroupName ?? '' })),
    TagSet: (instance.NetworkInterfaceTags ?? []) as Tag[],
  } satisfies NetworkInterface
}

export const networkInterfaceActions = {
  DescribeNetworkInterfaces(input: DescribeNetworkInterfacesRequest, { cloud }: Call): DescribeNetworkInterfacesResult {
    const all = liveInstances(cloud.store).map((instance) => {
      const face = networkInterface(instance, cloud)
      return { ...face, Tags: face.TagSet }
    })
    const find = (id: string) => {
      const found = all.find(({ NetworkInterfaceId }) => NetworkInterfaceId === id)
      if (!found) throw notFound('networkInterface', id)
      return found
    }
    const { items, NextToken } = select(
      named(input.NetworkInterfaceIds, () => all, find),
      input,
      {
        id: ({ NetworkInterfaceId }) => NetworkInterfaceId,
        filters: {
          'network-interface-id': ({ NetworkInterfaceId }) => NetworkInterfaceId,
          'vpc-id': ({ VpcId }) => VpcId,
          'subnet-id': ({ SubnetId }) => SubnetId,
          'group-id': ({ Groups }) => Groups.map(({ GroupId }) => GroupId),
          'private-ip-address': ({ PrivateIpAddress }) => PrivateIpAddress,
          'association.public-ip': ({ Association }) => Association?.PublicIp,
          'association.allocation-id': ({ Association }) => Association?.AllocationId,
          'attachment.instance-id': ({ Attachment }) => Attachment.InstanceId,
          'attachment.status': ({ Attachment }) => Attachment.Status,
          status: ({ Status }) => Status,
          description: ({ Description }) => Description,
        },
      },
    )
    return { NetworkInterfaces: items.map(({ Tags: _, ...face }) => face), NextToken }
  },
}
