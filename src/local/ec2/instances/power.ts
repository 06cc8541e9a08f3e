import type { EC2, InstanceStateChange } from '@aws-sdk/client-ec2'
import { type Actions, ApiError, type Cloud, type Store } from '../../cloud.ts'
import type { Instance } from '../../records.ts'
import { nextAddresses } from '../network/loopback.ts'
import { findInstanceType } from './instance-type.ts'
import { findInstances } from './live.ts'
import { elasticIpOf, getsAddressAgain } from './public-address.ts'
import { stateChange, userInitiated } from './reservation.ts'
import { freeVcpus, vcpuLimitExceeded } from './vcpu.ts'

/** Switching instances on and off. The machine room does what the records say. */
export const powerActions = {
  StartInstances({ InstanceIds }, { cloud }) {
    return { StartingInstances: findInstances(cloud.store, InstanceIds).map((instance) => start(instance, cloud)) }
  },

  /**
   * The disk stays, and so do an Elastic IP and the private addresses; a public address of its own is given back (EC2
   * User Guide, "Stop and start Amazon EC2 instances"), for good where a secondary private address has an Elastic IP.
   */
  StopInstances({ InstanceIds, Hibernate, Force, SkipOsShutdown, ...others }, { cloud: { store } }) {
    // A machine here is switched off as by a power cut, which is what `Force` may come to as well.
    const [strange] = Object.keys(others)
    if (strange) throw new ApiError('UnsupportedOperation', `The embedded cloud stops no instances with ${strange}.`)
    if (Hibernate) throw new ApiError('UnsupportedHibernationConfiguration', 'Instances of the embedded cloud do not hibernate.')
    return { StoppingInstances: findInstances(store, InstanceIds).map((instance) => stop(instance, store)) }
  },

  /** Asks the machine to reboot and says nothing: it is `running` all the while, and keeps its addresses. */
  RebootInstances({ InstanceIds }, { cloud: { store, machines } }) {
    const instances = findInstances(store, InstanceIds)
    for (const { InstanceId, State } of instances) if (State !== 'running') throw wrongState(InstanceId, 'rebooted')
    for (const { InstanceId } of instances) machines.reboot(InstanceId)
  },
} satisfies Actions<EC2>

function start({ StateReason, HadPublicAddress, ...instance }: Instance, cloud: Cloud): InstanceStateChange {
  const { store } = cloud
  const { InstanceId, State } = instance
  if (State === 'running' || State === 'pending') return stateChange(instance, State)
  if (State !== 'stopped') throw wrongState(InstanceId, 'started')
  if (findInstanceType(instance.InstanceType).vCpus > freeVcpus(store)) throw vcpuLimitExceeded(store)
  // While the primary private address has an Elastic IP, it goes on waiting for an address of its own.
  const waits = HadPublicAddress && elasticIpOf(store, instance, instance.PrivateIpAddress) !== undefined
  const { Public } = HadPublicAddress && !waits ? nextAddresses(cloud) : { Public: undefined }
  const addresses = { ...(Public !== undefined && { PublicIpAddress: Public }), ...(waits && { HadPublicAddress }) }
  store.put('instance', InstanceId, { ...instance, State: 'pending', ...addresses })
  return stateChange(instance, 'pending')
}

function stop(running: Instance, store: Store): InstanceStateChange {
  const { PublicIpAddress, PublicAddressDue, ...instance } = running
  const { InstanceId, State } = instance
  if (State === 'stopped' || State === 'stopping') return stateChange(instance, State)
  if (State !== 'running') throw wrongState(InstanceId, 'stopped')
  const HadPublicAddress = getsAddressAgain(store, running)
  store.put('instance', InstanceId, { ...instance, State: 'stopping', StateReason: userInitiated, HadPublicAddress })
  return stateChange(instance, 'stopping')
}

function wrongState(instanceId: string, what: 'started' | 'stopped' | 'rebooted'): ApiError {
  return new ApiError('IncorrectInstanceState', `This instance '${instanceId}' is not in a state from which it can be ${what}.`)
}
