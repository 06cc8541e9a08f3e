import type {
  AttachInternetGatewayRequest,
  CreateInternetGatewayRequest,
  CreateInternetGatewayResult,
  DeleteInternetGatewayRequest,
  DescribeInternetGatewaysRequest,
  DescribeInternetGatewaysResult,
  DetachInternetGatewayRequest,
  InternetGateway as WireGateway,
} from '@aws-sdk/client-ec2'
import type { Call, Store } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import type { Tag } from '../records.ts'
import { inUse, newId, notFound } from './id.ts'
import { liveInstances, publicAddress } from './live.ts'
import { named, select } from './select.ts'
import { tagsFor } from './tag.ts'
import { findVpc } from './vpc.ts'

export interface InternetGateway {
  InternetGatewayId: string
  /** The VPC that it is attached to. */
  VpcId?: string
  Tags: Tag[]
}

declare module '../records.ts' {
  interface Records {
    internetGateway: InternetGateway
  }
}

/** The gateway with this id. Throws ApiError InvalidInternetGatewayID.NotFound. */
export function findGateway(store: Store, id: string): InternetGateway {
  const gateway = store.get('internetGateway', id)
  if (!gateway) throw notFound('internetGateway', id)
  return gateway
}

export const internetGatewayActions = {
  CreateInternetGateway(input: CreateInternetGatewayRequest, { cloud: { store, accountId } }: Call): CreateInternetGatewayResult {
    const gateway: InternetGateway = {
      InternetGatewayId: newId('internetGateway'),
      Tags: tagsFor('internet-gateway', input.TagSpecifications),
    }
    store.put('internetGateway', gateway.InternetGatewayId, gateway)
    return { InternetGateway: wire(gateway, accountId) }
  },

  DescribeInternetGateways(input: DescribeInternetGatewaysRequest, { cloud }: Call): DescribeInternetGatewaysResult {
    const { store, accountId } = cloud
    const gateways = named(
      input.InternetGatewayIds,
      () => store.list('internetGateway'),
      (id) => findGateway(store, id),
    )
    const { items, NextToken } = select(gateways, input, {
      id: ({ InternetGatewayId }) => InternetGatewayId,
      filters: {
        'internet-gateway-id': ({ InternetGatewayId }) => InternetGatewayId,
        'attachment.vpc-id': ({ VpcId }) => VpcId,
        'attachment.state': ({ VpcId }) => (VpcId ? 'available' : undefined),
        'owner-id': () => accountId,
      },
    })
    return { InternetGateways: items.map((gateway) => wire(gateway, accountId)), NextToken }
  },

  AttachInternetGateway({ InternetGatewayId = '', VpcId = '' }: AttachInternetGatewayRequest, { cloud: { store } }: Call): void {
    const gateway = findGateway(store, InternetGatewayId)
    findVpc(store, VpcId)
    if (gateway.VpcId) {
      throw new ApiError('Resource.AlreadyAssociated', `resource ${InternetGatewayId} is already attached to network ${gateway.VpcId}`)
    }
    if (store.list('internetGateway').some((other) => other.VpcId === VpcId)) {
      throw new ApiError('InvalidParameterValue', `Network ${VpcId} already has an internet gateway attached`)
    }
    store.put('internetGateway', InternetGatewayId, { ...gateway, VpcId })
  },

  DetachInternetGateway({ InternetGatewayId = '', VpcId = '' }: DetachInternetGatewayRequest, { cloud: { store } }: Call): void {
    const { VpcId: attached, ...gateway } = findGateway(store, InternetGatewayId)
    findVpc(store, VpcId)
    if (attached !== VpcId) throw new ApiError('Gateway.NotAttached', `resource ${InternetGatewayId} is not attached to network ${VpcId}`)
    const addresses = store.list('address')
    const mapped = liveInstances(store).some((instance) => instance.VpcId === VpcId && publicAddress(instance, addresses))
    if (mapped) {
      const message = `Network ${VpcId} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`
      throw new ApiError('DependencyViolation', message)
    }
    store.put('internetGateway', InternetGatewayId, gateway)
  },

  DeleteInternetGateway({ InternetGatewayId = '' }: DeleteInternetGatewayRequest, { cloud: { store } }: Call): void {
    if (findGateway(store, InternetGatewayId).VpcId) throw inUse('internetGateway', InternetGatewayId)
    store.delete('internetGateway', InternetGatewayId)
  },
}

function wire({ InternetGatewayId, VpcId, Tags }: InternetGateway, OwnerId: string): WireGateway {
  return { InternetGatewayId, OwnerId, Attachments: VpcId ? [{ VpcId, State: 'available' as 'attached' }] : [], Tags }
}
