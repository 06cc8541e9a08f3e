import type {
  InstanceStateChange,
  RebootInstancesRequest,
  StartInstancesRequest,
  StartInstancesResult,
  StopInstancesRequest,
  StopInstancesResult,
} from '@aws-sdk/client-ec2'
import type { Call, Cloud, Store } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import type { Instance, InstanceState } from '../records.ts'
import { findInstance, state } from './instance.ts'
import { findInstanceType } from './instance-type.ts'
import { nextPlace } from './loopback.ts'
import { named } from './select.ts'
import { freeVcpus, vcpuLimitExceeded } from './vcpu.ts'

const userInitiated = { Code: 'Client.UserInitiatedShutdown', Message: 'Client.UserInitiatedShutdown: User initiated shutdown' }

/** Switching instances on and off. The machine room does what the records say. */
export const powerActions = {
  StartInstances({ InstanceIds = [] }: StartInstancesRequest, { cloud }: Call): StartInstancesResult {
    return { StartingInstances: all(cloud.store, InstanceIds).map((instance) => start(instance, cloud)) }
  },

  /** The disk stays, and so do an Elastic IP and the private address; a public address of its own is given back (EC2 User Guide, "Stop and start Amazon EC2 instances"). */
  StopInstances({ InstanceIds = [], Hibernate }: StopInstancesRequest, { cloud: { store } }: Call): StopInstancesResult {
    if (Hibernate) throw new ApiError('UnsupportedHibernationConfiguration', 'Instances of the embedded cloud do not hibernate.')
    return { StoppingInstances: all(store, InstanceIds).map((instance) => stop(instance, store)) }
  },

  /** Asks the machine to reboot and says nothing: it is `running` all the while, and keeps its addresses. */
  RebootInstances({ InstanceIds = [] }: RebootInstancesRequest, { cloud: { store, machines } }: Call): undefined {
    const instances = all(store, InstanceIds)
    for (const { InstanceId, State } of instances) if (State !== 'running') throw wrongState(InstanceId, 'rebooted')
    for (const { InstanceId } of instances) machines.reboot(InstanceId)
  },
}

function all(store: Store, ids: readonly string[]): Instance[] {
  return named(
    ids,
    () => [],
    (id) => findInstance(store, id),
  )
}

function start({ StateReason: _, HadPublicAddress, ...instance }: Instance, cloud: Cloud): InstanceStateChange {
  const { store, oneAddress, engine } = cloud
  const { InstanceId, State } = instance
  if (State === 'running' || State === 'pending') return change(instance, State)
  if (State !== 'stopped') throw wrongState(InstanceId, 'started')
  if (findInstanceType(instance.InstanceType).vCpus > freeVcpus(store)) throw vcpuLimitExceeded(store)
  const { Public } = HadPublicAddress ? nextPlace(store, { oneAddress: oneAddress === true, engine }) : { Public: undefined }
  store.put('instance', InstanceId, { ...instance, State: 'pending', ...(Public !== undefined && { PublicIpAddress: Public }) })
  return change(instance, 'pending')
}

function stop({ PublicIpAddress, ...instance }: Instance, store: Store): InstanceStateChange {
  const { InstanceId, State } = instance
  if (State === 'stopped' || State === 'stopping') return change(instance, State)
  if (State !== 'running') throw wrongState(InstanceId, 'stopped')
  const HadPublicAddress = PublicIpAddress !== undefined
  store.put('instance', InstanceId, { ...instance, State: 'stopping', StateReason: userInitiated, HadPublicAddress })
  return change(instance, 'stopping')
}

function change({ InstanceId, State }: Instance, to: InstanceState): InstanceStateChange {
  return { InstanceId, PreviousState: state(State), CurrentState: state(to) }
}

function wrongState(instanceId: string, what: 'started' | 'stopped' | 'rebooted'): ApiError {
  return new ApiError('IncorrectInstanceState', `This instance '${instanceId}' is not in a state from which it can be ${what}.`)
}
