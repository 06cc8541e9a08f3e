import type { EC2, InstanceStateChange } from '@aws-sdk/client-ec2'
import { type Actions, ApiError, type Cloud, type Store } from '../../cloud.ts'
import type { Instance } from '../../records.ts'
import { type Description, type Query, select } from '../describe.ts'
import { find } from '../kinds.ts'
import { freeAddressesOf } from '../network/address.ts'
import { runInstances } from './launch.ts'
import { findInstances, forgetEnded } from './live.ts'
import { instanceState, reservation, stateChange, userInitiated, wireInstance } from './reservation.ts'

const instances: Description<ReturnType<typeof wireInstance>> = {
  kind: 'instance',
  all: (cloud) => cloud.store.list('instance').map((instance) => wireInstance(instance, cloud)),
  filters: ['instance-id', 'instance-type', 'image-id', 'iam-instance-profile.arn', 'client-token', 'architecture'],
  also: {
    'instance-state-name': 'State.Name',
    'instance-state-code': 'State.Code',
    'ip-address': 'PublicIpAddress',
    'availability-zone': 'Placement.AvailabilityZone',
    // These hold for a terminated instance too, which shows no network any more.
    'vpc-id': (shown, cloud) => recordOf(shown, cloud)?.VpcId,
    'subnet-id': (shown, cloud) => recordOf(shown, cloud)?.SubnetId,
    'instance.group-id': (shown, cloud) => recordOf(shown, cloud)?.SecurityGroupIds ?? [],
    'network-interface.group-id': (shown, cloud) => recordOf(shown, cloud)?.SecurityGroupIds ?? [],
    'private-ip-address': (shown, cloud) => recordOf(shown, cloud)?.PrivateIpAddress,
    'reservation-id': (shown, cloud) => recordOf(shown, cloud)?.ReservationId,
  },
}

function recordOf({ InstanceId }: { InstanceId: string }, { store }: Cloud): Instance | undefined {
  return store.get('instance', InstanceId)
}

/** The records of the instances that a Describe call selects. */
function choose(input: Query & { InstanceIds?: string[] | undefined }, cloud: Cloud) {
  forgetEnded(cloud.store)
  if (input.InstanceIds?.length && input.MaxResults !== undefined)
    throw new ApiError('InvalidParameterCombination', 'The parameter instancesSet cannot be used with the parameter maxResults')
  const { items, NextToken } = select(instances, input, cloud)
  return { items: items.map(({ InstanceId }) => find(cloud.store, 'instance', InstanceId)), NextToken }
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceStatusDetails.html */
function reachability(impaired: { readonly since: string } | undefined) {
  const Name = 'reachability' as const
  return impaired ? { Name, Status: 'failed' as const, ImpairedSince: new Date(impaired.since) } : { Name, Status: 'passed' as const }
}

export const instanceActions = {
  RunInstances: runInstances,

  DescribeInstances(input, { cloud }) {
    const { items, NextToken } = choose(input, cloud)
    const reservations = Map.groupBy(items, ({ ReservationId }) => ReservationId)
    return { Reservations: [...reservations.values()].map((together) => reservation(together, cloud)), NextToken }
  },

  DescribeInstanceStatus(input, { cloud }) {
    const { items, NextToken } = choose(input, cloud)
    const shown = items.filter(({ State }) => input.IncludeAllInstances || State === 'running')
    const InstanceStatuses = shown.map(({ InstanceId, State, Zone }) => {
      const impaired = cloud.machines.impaired(InstanceId)
      const Status = State !== 'running' ? ('not-applicable' as const) : impaired ? ('impaired' as const) : ('ok' as const)
      const Details = State === 'running' ? [reachability(impaired)] : []
      const summary = { Status, Details }
      const AvailabilityZone = `${cloud.region}${Zone}`
      return {
        InstanceId,
        InstanceState: instanceState(State),
        AvailabilityZone,
        InstanceStatus: summary,
        SystemStatus: summary,
        Events: [],
      }
    })
    return { InstanceStatuses, NextToken }
  },

  DescribeInstanceAttribute({ InstanceId = '', Attribute }, { cloud }) {
    const instance = find(cloud.store, 'instance', InstanceId)
    if (Attribute === 'userData') return { InstanceId, UserData: { Value: instance.UserData } }
    if (Attribute === 'instanceType') return { InstanceId, InstanceType: { Value: instance.InstanceType } }
    if (Attribute === 'groupSet') return { InstanceId, Groups: instance.SecurityGroupIds.map((GroupId) => ({ GroupId })) }
    if (Attribute === 'disableApiTermination') return { InstanceId, DisableApiTermination: { Value: instance.DisableApiTermination } }
    throw new ApiError('InvalidParameterValue', `The embedded cloud cannot show the attribute ${Attribute} of an instance.`)
  },

  /** What has to change a machine, such as its type, is for stopped instances and is not emulated. */
  ModifyInstanceAttribute({ InstanceId = '', Attribute, Value, DisableApiTermination, ...others }, { cloud: { store } }) {
    const instance = find(store, 'instance', InstanceId)
    const [strange] = [...Object.keys(others), ...(Attribute === undefined || Attribute === 'disableApiTermination' ? [] : [Attribute])]
    if (strange) throw new ApiError('UnsupportedOperation', `The embedded cloud does not change ${strange} of an instance.`)
    const wanted = DisableApiTermination?.Value ?? (Attribute === undefined ? undefined : Value === 'true')
    if (wanted === undefined) throw new ApiError('InvalidParameterCombination', 'No attributes specified.')
    if (instance.State === 'terminated' || instance.State === 'shutting-down')
      throw new ApiError(
        'IncorrectInstanceState',
        `The instance '${InstanceId}' is not in a state from which its attributes can be changed.`,
      )
    store.put('instance', InstanceId, { ...instance, DisableApiTermination: wanted })
  },

  /** The machine room does the rest. An Elastic IP is free at once, as in AWS. */
  TerminateInstances({ InstanceIds }, { cloud: { store }, lingerMs }) {
    const wanted = findInstances(store, InstanceIds)
    const kept = wanted.find(({ DisableApiTermination }) => DisableApiTermination)
    if (kept) {
      const message = `The instance '${kept.InstanceId}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`
      throw new ApiError('OperationNotPermitted', message)
    }
    return { TerminatingInstances: wanted.map((instance) => terminate(store, instance, lingerMs)) }
  },
} satisfies Actions<EC2>

function terminate(store: Store, instance: Instance, lingerMs = 0): InstanceStateChange {
  const { InstanceId, State } = instance
  if (State === 'terminated' || State === 'shutting-down') return stateChange(instance, State)
  store.put('instance', InstanceId, {
    ...instance,
    State: 'shutting-down',
    StateReason: userInitiated,
    ...(lingerMs > 0 && { LingerMs: lingerMs }),
  })
  freeAddressesOf(store, InstanceId)
  return stateChange(instance, 'shutting-down')
}
