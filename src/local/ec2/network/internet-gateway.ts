import type { EC2, InternetGateway as WireGateway } from '@aws-sdk/client-ec2'
import { type Actions, ApiError, type Cloud } from '../../cloud.ts'
import type { Instance, InternetGateway } from '../../records.ts'
import { describe } from '../describe.ts'
import { liveInstances } from '../instances/live.ts'
import { privateAddresses, publicAddress } from '../instances/public-address.ts'
import { find, inUse, newId } from '../kinds.ts'
import { tagsFor } from '../tag.ts'

export const internetGatewayActions = {
  CreateInternetGateway({ TagSpecifications }, { cloud }) {
    const gateway = { InternetGatewayId: newId('internetGateway'), Tags: tagsFor('internet-gateway', TagSpecifications) }
    cloud.store.put('internetGateway', gateway.InternetGatewayId, gateway)
    return { InternetGateway: wire(gateway, cloud) }
  },

  DescribeInternetGateways: describe('InternetGateways', {
    kind: 'internetGateway',
    all: (cloud) => cloud.store.list('internetGateway').map((gateway) => wire(gateway, cloud)),
    filters: ['internet-gateway-id', 'attachment.vpc-id', 'attachment.state', 'owner-id'],
  }),

  AttachInternetGateway({ InternetGatewayId = '', VpcId = '' }, { cloud: { store } }) {
    const gateway = find(store, 'internetGateway', InternetGatewayId)
    find(store, 'vpc', VpcId)
    if (gateway.VpcId)
      throw new ApiError('Resource.AlreadyAssociated', `resource ${InternetGatewayId} is already attached to network ${gateway.VpcId}`)
    if (store.list('internetGateway').some((other) => other.VpcId === VpcId))
      throw new ApiError('InvalidParameterValue', `Network ${VpcId} already has an internet gateway attached`)
    store.put('internetGateway', InternetGatewayId, { ...gateway, VpcId })
  },

  DetachInternetGateway({ InternetGatewayId = '', VpcId = '' }, { cloud: { store } }) {
    const { VpcId: attached, ...gateway } = find(store, 'internetGateway', InternetGatewayId)
    find(store, 'vpc', VpcId)
    if (attached !== VpcId) throw new ApiError('Gateway.NotAttached', `resource ${InternetGatewayId} is not attached to network ${VpcId}`)
    const hasPublic = (instance: Instance) => privateAddresses(instance).some((each) => publicAddress(store, instance, each))
    const mapped = liveInstances(store).some((instance) => instance.VpcId === VpcId && hasPublic(instance))
    if (mapped) {
      const message = `Network ${VpcId} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`
      throw new ApiError('DependencyViolation', message)
    }
    store.put('internetGateway', InternetGatewayId, gateway)
  },

  DeleteInternetGateway({ InternetGatewayId = '' }, { cloud: { store } }) {
    if (find(store, 'internetGateway', InternetGatewayId).VpcId) throw inUse('internetGateway', InternetGatewayId)
    store.delete('internetGateway', InternetGatewayId)
  },
} satisfies Actions<EC2>

function wire({ InternetGatewayId, VpcId, Tags }: InternetGateway, { accountId }: Cloud): WireGateway {
  return { InternetGatewayId, OwnerId: accountId, Attachments: VpcId ? [{ VpcId, State: 'available' as 'attached' }] : [], Tags }
}
