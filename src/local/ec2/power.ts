import type {
  RebootInstancesRequest,
  StartInstancesRequest,
  StartInstancesResult,
  StopInstancesRequest,
  StopInstancesResult,
} from '@aws-sdk/client-ec2'
import type { Call, Cloud, Store } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import type { Instance } from '../records.ts'
import { findInstance, state } from './instance.ts'
import { findInstanceType } from './instance-type.ts'
import { nextPlace } from './loopback.ts'
import { named } from './select.ts'
import { freeVcpus, vcpuLimitExceeded } from './vcpu.ts'

/** Switching instances off and on. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Stop_Start.html says what stays: disk, private address and Elastic IP, and not the public address of its own. */
export const powerActions = {
  StartInstances({ InstanceIds = [] }: StartInstancesRequest, { cloud }: Call): StartInstancesResult {
    const { store } = cloud
    const StartingInstances = all(store, InstanceIds).map((instance) => {
      const { InstanceId, State } = instance
      if (State !== 'stopped' && State !== 'running' && State !== 'pending') throw incorrect(instance, 'started')
      if (State === 'stopped') {
        if (findInstanceType(instance.InstanceType).vCpus > freeVcpus(store)) throw vcpuLimitExceeded(store)
        store.put('instance', InstanceId, started(instance, cloud))
      }
      return { InstanceId, PreviousState: state(State), CurrentState: state(State === 'stopped' ? 'pending' : State) }
    })
    return { StartingInstances }
  },

  StopInstances(
    { InstanceIds = [], Hibernate, DryRun: _, ...others }: StopInstancesRequest,
    { cloud: { store } }: Call,
  ): StopInstancesResult {
    if (Hibernate) {
      const message = 'The instance is not hibernation enabled. The embedded cloud has no instances that hibernate.'
      throw new ApiError('UnsupportedHibernationConfiguration', message)
    }
    // A machine here is switched off as by a power cut, which is what `Force` may come to as well.
    const strange = Object.keys(others).find((name) => name !== 'Force' && name !== 'SkipOsShutdown')
    if (strange) throw new ApiError('UnsupportedOperation', `The embedded cloud stops no instances with ${strange}.`)
    const StoppingInstances = all(store, InstanceIds).map((instance) => {
      const { InstanceId, State } = instance
      if (State !== 'running' && State !== 'stopping' && State !== 'stopped') throw incorrect(instance, 'stopped')
      if (State === 'running') store.put('instance', InstanceId, stopping(instance))
      return { InstanceId, PreviousState: state(State), CurrentState: state(State === 'running' ? 'stopping' : State) }
    })
    return { StoppingInstances }
  },

  /** It answers at once and the instance stays `running`; the machine room does the rest. */
  RebootInstances({ InstanceIds = [] }: RebootInstancesRequest, { cloud: { store } }: Call): void {
    for (const instance of all(store, InstanceIds)) {
      if (instance.State !== 'running') throw incorrect(instance, 'rebooted')
      store.put('instance', instance.InstanceId, { ...instance, Reboot: true })
    }
  },
}

function all(store: Store, ids: readonly string[]): Instance[] {
  if (ids.length === 0) throw new ApiError('MissingParameter', 'The request must contain the parameter InstanceId')
  return named(
    ids,
    () => [],
    (id) => findInstance(store, id),
  )
}

function incorrect({ InstanceId }: Instance, verb: string): ApiError {
  return new ApiError('IncorrectInstanceState', `The instance '${InstanceId}' is not in a state from which it can be ${verb}.`)
}

function stopping({ PublicIpAddress, ...instance }: Instance): Instance {
  const StateReason = { Code: 'Client.UserInitiatedShutdown', Message: 'Client.UserInitiatedShutdown: User initiated shutdown' }
  return { ...instance, State: 'stopping', StateReason, WantsAddress: PublicIpAddress !== undefined }
}

/** With another public address of its own, where it had one. */
function started({ StateReason: _, WantsAddress, ...instance }: Instance, { store, oneAddress, engine }: Cloud): Instance {
  const Public = WantsAddress ? nextPlace(store, { oneAddress: oneAddress === true, engine }).Public : instance.PublicIpAddress
  return { ...instance, State: 'pending', ...(Public !== undefined && { PublicIpAddress: Public }) } as Instance
}
