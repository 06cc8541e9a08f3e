import type { EC2, NetworkInterface, VpcEndpoint as WireEndpoint } from '@aws-sdk/client-ec2'
import type { Actions, Cloud, Store } from '../../cloud.ts'
import type { VpcEndpoint } from '../../records.ts'
import { describe } from '../describe.ts'
import { notFound } from '../kinds.ts'

/**
 * For how long an endpoint that was deleted is still shown, with its interfaces in its subnets; in AWS a minute or so.
 */
const deletingMs = 500

/** The endpoints that stand in subnets: all that are there, and those that are being deleted. */
export function liveEndpoints(store: Store, now = Date.now()): VpcEndpoint[] {
  return store.list('vpcEndpoint').filter(({ DeletedAt }) => DeletedAt === undefined || now < DeletedAt + deletingMs)
}

/** An endpoint's interfaces, which are AWS's own and go with it. */
export function endpointInterfaces({ store, region, accountId }: Cloud): NetworkInterface[] {
  return liveEndpoints(store).flatMap(({ VpcEndpointId, VpcId, SubnetIds, GroupIds, NetworkInterfaceIds }) =>
    SubnetIds.map(
      (SubnetId, index): NetworkInterface => ({
        NetworkInterfaceId: NetworkInterfaceIds[index],
        SubnetId,
        VpcId,
        OwnerId: accountId,
        RequesterManaged: true,
        AvailabilityZone: `${region}${store.get('subnet', SubnetId)?.Zone}`,
        Description: `VPC Endpoint Interface ${VpcEndpointId}`,
        InterfaceType: 'vpc_endpoint',
        Status: 'in-use',
        Groups: GroupIds.map((GroupId) => ({ GroupId, GroupName: store.get('securityGroup', GroupId)?.GroupName ?? '' })),
        TagSet: [],
      }),
    ),
  )
}

export const vpcEndpointActions = {
  DescribeVpcEndpoints: describe('VpcEndpoints', {
    kind: 'vpcEndpoint',
    all: (cloud) => liveEndpoints(cloud.store).map((endpoint) => wire(endpoint, cloud)),
    filters: ['vpc-id', 'service-name', 'vpc-endpoint-id', 'vpc-endpoint-type'],
    also: { 'vpc-endpoint-state': 'State' },
  }),

  /** What could not be deleted is told in the answer: the call itself does not fail. */
  DeleteVpcEndpoints({ VpcEndpointIds = [] }, { cloud: { store } }) {
    const Unsuccessful = VpcEndpointIds.flatMap((id) => {
      const endpoint = liveEndpoints(store).find(({ VpcEndpointId }) => VpcEndpointId === id)
      if (!endpoint) {
        const { code, message } = notFound('vpcEndpoint', id)
        return [{ ResourceId: id, Error: { Code: code, Message: message } }]
      }
      if (endpoint.DeletedAt === undefined) store.put('vpcEndpoint', id, { ...endpoint, DeletedAt: Date.now() })
      return []
    })
    return { Unsuccessful }
  },
} satisfies Actions<EC2>

function wire({ DeletedAt, GroupIds, ...endpoint }: VpcEndpoint, { store, accountId }: Cloud): WireEndpoint {
  return {
    ...endpoint,
    VpcEndpointType: 'Interface',
    State: (DeletedAt === undefined ? 'available' : 'deleting') as 'Available',
    Groups: GroupIds.map((GroupId) => ({ GroupId, GroupName: store.get('securityGroup', GroupId)?.GroupName ?? '' })),
    PrivateDnsEnabled: true,
    RequesterManaged: false,
    RouteTableIds: [],
    DnsEntries: [],
    CreationTimestamp: new Date(endpoint.CreationTimestamp),
    OwnerId: accountId,
  }
}
