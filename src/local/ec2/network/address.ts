import type {
  AllocateAddressRequest,
  AllocateAddressResult,
  AssociateAddressRequest,
  EC2,
  Address as WireAddress,
} from '@aws-sdk/client-ec2'
import { type Action, type Actions, ApiError, type Call, type Cloud, refuse, type Store } from '../../cloud.ts'
import { openPorts } from '../../machine/forwarding.ts'
import type { Address } from '../../records.ts'
import { describe } from '../describe.ts'
import { awaitOwnAddress, elasticIpOf, privateAddresses, withoutOwnAddress } from '../instances/public-address.ts'
import { find, newId, notFound } from '../kinds.ts'
import { tagsFor } from '../tag.ts'
import { claimsAddresses, inTurn } from './claim.ts'
import { nextElasticIp, unclaimedElasticIp } from './loopback.ts'

const describeAddresses = describe<'Addresses', WireAddress>('Addresses', {
  kind: 'address',
  all: (cloud) => cloud.store.list('address').map((address) => wire(address, cloud)),
  filters: [
    'allocation-id',
    'association-id',
    'instance-id',
    'public-ip',
    'domain',
    'network-interface-id',
    'network-interface-owner-id',
    'private-ip-address',
  ],
})

/**
 * With the address that no other cloud has: it is found out of this computer before the call, which then is one step.
 */
type OnComputer = Call & { readonly unclaimed?: string }

export const addressActions = {
  AllocateAddress({ Domain, TagSpecifications, ...others }, { cloud, unclaimed }: OnComputer) {
    const { store, region } = cloud
    const [other] = Object.keys(others)
    if (other) throw new ApiError('UnsupportedOperation', `The embedded cloud allocates no addresses with ${other}.`)
    if (Domain !== undefined && Domain !== 'vpc') throw new ApiError('InvalidParameterValue', `Invalid value '${Domain}' for domain.`)
    const address: Address = {
      AllocationId: newId('address'),
      PublicIp: unclaimed ?? nextElasticIp(cloud),
      Tags: tagsFor('elastic-ip', TagSpecifications),
    }
    store.put('address', address.AllocationId, address)
    const { AllocationId, PublicIp } = address
    return { AllocationId, PublicIp, Domain: 'vpc', PublicIpv4Pool: 'amazon', NetworkBorderGroup: region }
  },

  DescribeAddresses({ PublicIps = [], ...query }, call) {
    const known = call.cloud.store.list('address').map(({ PublicIp }) => PublicIp)
    const strange = PublicIps.find((address) => !known.includes(address))
    if (strange) throw new ApiError('InvalidAddress.NotFound', `Address '${strange}' not found.`)
    const named = PublicIps.length > 0 ? [{ Name: 'public-ip', Values: PublicIps }] : []
    const { Addresses } = describeAddresses({ ...query, Filters: [...(query.Filters ?? []), ...named] }, call)
    return { Addresses }
  },

  /**
   * One call moves an address from one private address to another, and the same call with the first moves it back.
   * What goes through it at that moment is cut, and a primary private address gives up the public one that it had.
   */
  AssociateAddress(input, { cloud: { store } }) {
    const { AllocationId, AllowReassociation } = input
    if (!AllocationId) throw new ApiError('MissingParameter', 'The request must contain the parameter AllocationId')
    const { InstanceId, PrivateIpAddress } = targetOf(input, store)
    const address = find(store, 'address', AllocationId)
    const instance = find(store, 'instance', InstanceId)
    if (instance.State === 'pending')
      throw new ApiError('InvalidInstanceID', `The pending instance '${InstanceId}' is not in a valid state for this operation.`)
    if (instance.State === 'shutting-down' || instance.State === 'terminated') {
      const message = `The instance '${InstanceId}' is not in a valid state for this operation: ${instance.State}.`
      throw new ApiError('IncorrectInstanceState', message)
    }
    if (!store.list('internetGateway').some(({ VpcId }) => VpcId === instance.VpcId))
      throw new ApiError('Gateway.NotAttached', `Network ${instance.VpcId} is not attached to any internet gateway`)
    const present = elasticIpOf(store, instance, PrivateIpAddress)
    if (present?.AllocationId === AllocationId) return { AssociationId: present.AssociationId }
    // For an address of a VPC, reassociation is allowed unless the call says otherwise.
    if (AllowReassociation === false && (address.InstanceId || present)) {
      const [what, by] = address.InstanceId ? [AllocationId, address.AssociationId] : [PrivateIpAddress, present?.AssociationId]
      throw new ApiError('Resource.AlreadyAssociated', `resource ${what} is already associated with associate-id ${by}`)
    }
    if (present) store.put('address', present.AllocationId, free(present))
    if (address.InstanceId) disassociate(store, address)
    if (PrivateIpAddress === instance.PrivateIpAddress)
      store.put('instance', InstanceId, withoutOwnAddress(store, find(store, 'instance', InstanceId)))
    const AssociationId = newId('addressAssociation')
    store.put('address', AllocationId, { ...free(address), InstanceId, PrivateIpAddress, AssociationId })
    return { AssociationId }
  },

  DisassociateAddress({ AssociationId, PublicIp }, { cloud: { store } }) {
    if (!AssociationId && !PublicIp) throw new ApiError('MissingParameter', 'The request must contain the parameter AssociationId')
    const wanted = (each: Address) => (AssociationId ? each.AssociationId === AssociationId : each.PublicIp === PublicIp)
    const absent = AssociationId
      ? notFound('addressAssociation', AssociationId)
      : new ApiError('InvalidAddress.NotFound', `Address '${PublicIp}' not found.`)
    const address = store.list('address').find(wanted) ?? refuse(absent)
    disassociate(store, address)
  },

  ReleaseAddress({ AllocationId }, { cloud: { store } }) {
    if (!AllocationId) throw new ApiError('MissingParameter', 'The request must contain the parameter AllocationId')
    const { AssociationId, PublicIp } = find(store, 'address', AllocationId)
    if (AssociationId) throw new ApiError('InvalidIPAddress.InUse', `Address ${PublicIp} is in use.`)
    store.delete('address', AllocationId)
  },
} satisfies Actions<EC2>

/** Frees the Elastic IPs of an instance that ends. */
export function freeAddressesOf(store: Store, instanceId: string): void {
  for (const address of store.list('address'))
    if (address.InstanceId === instanceId) store.put('address', address.AllocationId, free(address))
}

/** Frees an Elastic IP; who loses it with its primary private address waits for an address of its own. */
function disassociate(store: Store, address: Address): void {
  store.put('address', address.AllocationId, free(address))
  const instance = store.get('instance', address.InstanceId ?? '')
  if (instance?.State === 'running') awaitOwnAddress(store, instance)
}

/** Which private address of which instance a call is about: by interface or instance, the primary one by default. */
function targetOf({ InstanceId, NetworkInterfaceId, PrivateIpAddress }: AssociateAddressRequest, store: Store) {
  if (InstanceId && NetworkInterfaceId) {
    const message = 'You may specify either an instance ID or a network interface ID, but not both.'
    throw new ApiError('InvalidParameterCombination', message)
  }
  const byInterface = store.list('instance').find((each) => NetworkInterfaceId && each.NetworkInterfaceId === NetworkInterfaceId)
  if (NetworkInterfaceId && !byInterface) throw notFound('networkInterface', NetworkInterfaceId)
  if (!InstanceId && !byInterface) throw new ApiError('MissingParameter', 'Either instance ID or network interface id must be specified')
  const instance = byInterface ?? find(store, 'instance', InstanceId!)
  const wanted = PrivateIpAddress ?? instance.PrivateIpAddress
  if (!privateAddresses(instance).includes(wanted)) {
    const message = `Invalid value '${wanted}' for privateIpAddress. The address is not assigned to interface ${instance.NetworkInterfaceId}.`
    throw new ApiError('InvalidParameterValue', message)
  }
  return { InstanceId: instance.InstanceId, PrivateIpAddress: wanted }
}

function free({ AllocationId, PublicIp, Tags }: Address): Address {
  return { AllocationId, PublicIp, Tags }
}

function wire(address: Address, { store, region, accountId }: Cloud): WireAddress {
  const { AllocationId, PublicIp, AssociationId, InstanceId, Tags } = address
  const instance = InstanceId ? store.get('instance', InstanceId) : undefined
  const association = instance && {
    AssociationId,
    InstanceId,
    NetworkInterfaceId: instance.NetworkInterfaceId,
    NetworkInterfaceOwnerId: accountId,
    PrivateIpAddress: address.PrivateIpAddress ?? instance.PrivateIpAddress,
  }
  return { AllocationId, PublicIp, Domain: 'vpc', PublicIpv4Pool: 'amazon', NetworkBorderGroup: region, ...association, Tags }
}

/** What has to be found out of this computer before a call, and so cannot be part of its transaction. */
export const beforehand: Readonly<Record<string, (call: Action) => Action>> = {
  /** The address is one that no other cloud of this computer has; the call ends when it is claimed. */
  AllocateAddress: (call) => async (input: AllocateAddressRequest, context: Call) => {
    const give = async () => {
      const unclaimed = await unclaimedElasticIp(context.cloud)
      return (await call(input, { ...context, unclaimed } as OnComputer)) as AllocateAddressResult & { PublicIp: string }
    }
    return claimsAddresses() && !input.DryRun ? inTurn(give) : call(input, context)
  },

  /**
   * A port of the address that another program of this computer holds would never lead to the instance, and that
   * program would answer in its place. AWS's addresses know no such thing; here the call is refused, so that nobody
   * takes the other's answers for those of the instance.
   */
  AssociateAddress: (call) => async (input: AssociateAddressRequest, context: Call) => {
    const { store, machines } = context.cloud
    const address = store.get('address', input.AllocationId ?? '')
    const { InstanceId, NetworkInterfaceId } = input
    const instance = store.list('instance').find((each) => each.InstanceId === InstanceId || each.NetworkInterfaceId === NetworkInterfaceId)
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
