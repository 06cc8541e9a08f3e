import type {
  AllocateAddressRequest,
  AllocateAddressResult,
  AssociateAddressRequest,
  AssociateAddressResult,
  DescribeAddressesRequest,
  DescribeAddressesResult,
  DisassociateAddressRequest,
  ReleaseAddressRequest,
  Address as WireAddress,
} from '@aws-sdk/client-ec2'
import type { Action, Call, Cloud, Store } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import { openPorts } from '../machine/forwarding.ts'
import type { Address } from '../records.ts'
import { claimsAddresses, inTurn } from './claim.ts'
import { newId, notFound } from './id.ts'
import { findInstance } from './instance.ts'
import { nextElasticIp, unclaimedElasticIp } from './loopback.ts'
import { select } from './select.ts'
import { tagsFor } from './tag.ts'

/** The Elastic IP with this allocation id. Throws ApiError InvalidAllocationID.NotFound. */
function findAddress(store: Store, id: string): Address {
  const address = store.get('address', id)
  if (!address) throw notFound('address', id)
  return address
}

/** What is found out of this computer before the call, which then is one step. */
export interface OnComputer {
  /** The address that no other cloud has. */
  readonly unclaimed?: string
}

export const addressActions = {
  AllocateAddress(
    { Domain, TagSpecifications, ...others }: AllocateAddressRequest,
    { cloud, unclaimed }: Call & OnComputer,
  ): AllocateAddressResult {
    const { store, region, oneAddress } = cloud
    const [other] = Object.keys(others).filter((name) => name !== 'DryRun')
    if (other) throw new ApiError('UnsupportedOperation', `The embedded cloud allocates no addresses with ${other}.`)
    if (Domain !== undefined && Domain !== 'vpc') throw new ApiError('InvalidParameterValue', `Invalid value '${Domain}' for domain.`)
    const address: Address = {
      AllocationId: newId('address'),
      PublicIp: unclaimed ?? nextElasticIp(store, { oneAddress: oneAddress === true }),
      Tags: tagsFor('elastic-ip', TagSpecifications),
    }
    store.put('address', address.AllocationId, address)
    const { AllocationId, PublicIp } = address
    return { AllocationId, PublicIp, Domain: 'vpc', PublicIpv4Pool: 'amazon', NetworkBorderGroup: region }
  },

  DescribeAddresses(input: DescribeAddressesRequest, { cloud }: Call): DescribeAddressesResult {
    const { store, accountId } = cloud
    const strange = input.PublicIps?.find((ip) => !store.list('address').some(({ PublicIp }) => PublicIp === ip))
    if (strange) throw new ApiError('InvalidAddress.NotFound', `Address '${strange}' not found.`)
    for (const id of input.AllocationIds ?? []) findAddress(store, id)
    const named = store.list('address').filter(({ AllocationId, PublicIp }) => {
      return (
        (!input.AllocationIds?.length || input.AllocationIds.includes(AllocationId)) &&
        (!input.PublicIps?.length || input.PublicIps.includes(PublicIp))
      )
    })
    const { items } = select(
      named,
      { Filters: input.Filters },
      {
        id: ({ AllocationId }) => AllocationId,
        filters: {
          'allocation-id': ({ AllocationId }) => AllocationId,
          'association-id': ({ AssociationId }) => AssociationId,
          'instance-id': ({ InstanceId }) => InstanceId,
          'public-ip': ({ PublicIp }) => PublicIp,
          domain: () => 'vpc',
          'network-interface-id': ({ InstanceId }) =>
            InstanceId ? String(store.get('instance', InstanceId)?.NetworkInterfaceId) : undefined,
          'network-interface-owner-id': ({ InstanceId }) => (InstanceId ? accountId : undefined),
        },
      },
    )
    return { Addresses: items.map((address) => wire(address, cloud)) }
  },

  /** One call moves an address from one instance to another, and the same call with the first instance moves it back. */
  AssociateAddress(input: AssociateAddressRequest, { cloud: { store } }: Call): AssociateAddressResult {
    const { AllocationId, AllowReassociation, NetworkInterfaceId } = input
    if (!AllocationId) throw new ApiError('MissingParameter', 'The request must contain the parameter AllocationId')
    const byInterface = store.list('instance').find((each) => NetworkInterfaceId && each.NetworkInterfaceId === NetworkInterfaceId)
    if (NetworkInterfaceId && !byInterface) throw notFound('networkInterface', NetworkInterfaceId)
    const target = input.InstanceId ?? byInterface?.InstanceId
    if (!target) throw new ApiError('MissingParameter', 'Either instance ID or network interface id must be specified')
    const address = findAddress(store, AllocationId)
    const instance = findInstance(store, target)
    if (instance.State === 'pending') {
      throw new ApiError('InvalidInstanceID', `The pending instance '${target}' is not in a valid state for this operation.`)
    }
    if (instance.State === 'shutting-down' || instance.State === 'terminated') {
      throw new ApiError(
        'IncorrectInstanceState',
        `The instance '${target}' is not in a valid state for this operation: ${instance.State}.`,
      )
    }
    if (!store.list('internetGateway').some(({ VpcId }) => VpcId === instance.VpcId)) {
      throw new ApiError('Gateway.NotAttached', `Network ${instance.VpcId} is not attached to any internet gateway`)
    }
    if (address.InstanceId === target && address.AssociationId) return { AssociationId: address.AssociationId }
    // For an address of a VPC, reassociation is allowed unless the call says otherwise.
    if (address.InstanceId && AllowReassociation === false) {
      throw new ApiError(
        'Resource.AlreadyAssociated',
        `resource ${AllocationId} is already associated with associate-id ${address.AssociationId}`,
      )
    }
    const other = store.list('address').find((each) => each.InstanceId === target)
    if (other) store.put('address', other.AllocationId, free(other))
    const AssociationId = newId('addressAssociation')
    store.put('address', AllocationId, { ...address, InstanceId: target, AssociationId })
    return { AssociationId }
  },

  DisassociateAddress({ AssociationId, PublicIp }: DisassociateAddressRequest, { cloud: { store } }: Call): void {
    if (!AssociationId && !PublicIp) throw new ApiError('MissingParameter', 'The request must contain the parameter AssociationId')
    const address = store
      .list('address')
      .find((each) => (AssociationId ? each.AssociationId === AssociationId : each.PublicIp === PublicIp))
    if (!address && AssociationId) throw notFound('addressAssociation', AssociationId)
    if (!address) throw new ApiError('InvalidAddress.NotFound', `Address '${PublicIp}' not found.`)
    store.put('address', address.AllocationId, free(address))
  },

  ReleaseAddress({ AllocationId }: ReleaseAddressRequest, { cloud: { store } }: Call): void {
    if (!AllocationId) throw new ApiError('MissingParameter', 'The request must contain the parameter AllocationId')
    const { AssociationId, PublicIp } = findAddress(store, AllocationId)
    if (AssociationId) throw new ApiError('InvalidIPAddress.InUse', `Address ${PublicIp} is in use.`)
    store.delete('address', AllocationId)
  },
}

function free({ AssociationId: _, InstanceId: __, ...address }: Address): Address {
  return address as Address
}

function wire({ AllocationId, PublicIp, AssociationId, InstanceId, Tags }: Address, { store, region, accountId }: Cloud): WireAddress {
  const instance = InstanceId ? store.get('instance', InstanceId) : undefined
  const association = instance && {
    AssociationId,
    InstanceId,
    NetworkInterfaceId: String(instance.NetworkInterfaceId),
    NetworkInterfaceOwnerId: accountId,
    PrivateIpAddress: instance.PrivateIpAddress,
  }
  return { AllocationId, PublicIp, Domain: 'vpc', PublicIpv4Pool: 'amazon', NetworkBorderGroup: region, ...association, Tags }
}

/** What has to be found out of this computer before a call, and so cannot be part of its transaction. */
export const beforehand: Readonly<Record<string, (call: Action) => Action>> = {
  /** The address is one that no other cloud of this computer has; the call ends when it is claimed. */
  AllocateAddress: (call) => async (input: AllocateAddressRequest, context: Call) => {
    const { store, oneAddress } = context.cloud
    const give = async () => {
      const unclaimed = await unclaimedElasticIp(store, { oneAddress: oneAddress === true })
      return (await call(input, { ...context, unclaimed } as Call & OnComputer)) as AllocateAddressResult & { PublicIp: string }
    }
    return claimsAddresses() && !input.DryRun ? inTurn(give) : call(input, context)
  },

  /**
   * A port of the address that another program of this computer holds would never lead to the instance, and that program would answer in its place. AWS's addresses
   * know no such thing; here the call is refused, so that nobody takes the other's answers for those of the instance.
   */
  AssociateAddress: (call) => async (input: AssociateAddressRequest, context: Call) => {
    const { store, machines } = context.cloud
    const address = store.get('address', input.AllocationId ?? '')
    const instance = store.get('instance', input.InstanceId ?? '')
    // Where the loopback has one address, the instance's programs hold its ports themselves.
    if (address && instance && address.PublicIp !== instance.PrivateIpAddress && !input.DryRun) {
      const groups = store.list('securityGroup').filter(({ GroupId }) => instance.SecurityGroupIds.includes(GroupId))
      const ports = openPorts(
        groups.flatMap(({ Ingress }) => Ingress),
        () => undefined,
      )
      const taken = await machines.taken(address.PublicIp, [...ports.keys()])
      if (taken.length > 0)
        throw new ApiError(
          'OperationNotPermitted',
          `${taken.map((port) => `${address.PublicIp}:${port}`).join(', ')} is held by another program on this computer.`,
        )
    }
    return call(input, context)
  },
}
