import type {
  DescribeInstanceAttributeRequest,
  DescribeInstanceStatusRequest,
  DescribeInstanceStatusResult,
  DescribeInstancesRequest,
  DescribeInstancesResult,
  InstanceAttribute,
  InstanceStateChange,
  Reservation,
  RunInstancesRequest,
  TerminateInstancesRequest,
  TerminateInstancesResult,
  Instance as WireInstance,
} from '@aws-sdk/client-ec2'
import type { Call, Cloud, Store } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import type { Address, Instance, InstanceState } from '../records.ts'
import { notFound } from './id.ts'
import { runInstances } from './launch.ts'
import { forgetEnded, publicAddress } from './live.ts'
import { networkInterface } from './network-interface.ts'
import type { Filters } from './select.ts'
import { named, select } from './select.ts'

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html */
const stateCodes = { pending: 0, running: 16, 'shutting-down': 32, terminated: 48, stopping: 64, stopped: 80 } as const

/** A state as the API shows it. */
export function state(Name: InstanceState) {
  return { Code: stateCodes[Name], Name }
}

/** The instance with this id. Throws ApiError InvalidInstanceID.NotFound. */
export function findInstance(store: Store, id: string): Instance {
  const instance = store.get('instance', id)
  if (!instance) throw notFound('instance', id)
  return instance
}

function filters(addresses: readonly Address[], region: string): Filters<Instance> {
  return {
    'instance-id': ({ InstanceId }) => InstanceId,
    'instance-state-name': ({ State }) => State,
    'instance-state-code': ({ State }) => stateCodes[State],
    'instance-type': ({ InstanceType }) => InstanceType,
    'image-id': ({ ImageId }) => ImageId,
    'vpc-id': ({ VpcId }) => VpcId,
    'subnet-id': ({ SubnetId }) => SubnetId,
    'instance.group-id': ({ SecurityGroupIds }) => SecurityGroupIds,
    'network-interface.group-id': ({ SecurityGroupIds }) => SecurityGroupIds,
    'private-ip-address': ({ PrivateIpAddress }) => PrivateIpAddress,
    'ip-address': (instance) => publicAddress(instance, addresses),
    'iam-instance-profile.arn': ({ IamInstanceProfileArn }) => IamInstanceProfileArn,
    'client-token': ({ ClientToken }) => ClientToken,
    'reservation-id': ({ ReservationId }) => String(ReservationId),
    'availability-zone': ({ Zone }) => `${region}${Zone}`,
    architecture: ({ Architecture }) => String(Architecture),
  }
}

function choose(input: DescribeInstancesRequest, { store, region }: Cloud) {
  forgetEnded(store)
  if (input.InstanceIds?.length && input.MaxResults !== undefined) {
    throw new ApiError('InvalidParameterCombination', 'The parameter instancesSet cannot be used with the parameter maxResults')
  }
  const instances = named(
    input.InstanceIds,
    () => store.list('instance'),
    (id) => findInstance(store, id),
  )
  return select(instances, input, { id: ({ InstanceId }) => InstanceId, filters: filters(store.list('address'), region) })
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceStatusDetails.html */
function reachability(impaired: { readonly since: string } | undefined) {
  const Name = 'reachability' as const
  return impaired ? { Name, Status: 'failed' as const, ImpairedSince: new Date(impaired.since) } : { Name, Status: 'passed' as const }
}

export const instanceActions = {
  RunInstances: (input: RunInstancesRequest, call: Call): Reservation => runInstances(input, call),

  DescribeInstances(input: DescribeInstancesRequest, { cloud }: Call): DescribeInstancesResult {
    const { items, NextToken } = choose(input, cloud)
    const reservations = Map.groupBy(items, ({ ReservationId }) => ReservationId)
    return { Reservations: [...reservations.values()].map((instances) => reservation(instances, cloud)), NextToken }
  },

  DescribeInstanceStatus(input: DescribeInstanceStatusRequest, { cloud }: Call): DescribeInstanceStatusResult {
    const { items, NextToken } = choose(input, cloud)
    const shown = items.filter(({ State }) => input.IncludeAllInstances || State === 'running')
    const InstanceStatuses = shown.map(({ InstanceId, State, Zone }) => {
      const impaired = cloud.machines.impaired(InstanceId)
      const Status = State !== 'running' ? ('not-applicable' as const) : impaired ? ('impaired' as const) : ('ok' as const)
      const Details = State === 'running' ? [reachability(impaired)] : []
      const summary = { Status, Details }
      const AvailabilityZone = `${cloud.region}${Zone}`
      return { InstanceId, InstanceState: state(State), AvailabilityZone, InstanceStatus: summary, SystemStatus: summary, Events: [] }
    })
    return { InstanceStatuses, NextToken }
  },

  DescribeInstanceAttribute({ InstanceId = '', Attribute }: DescribeInstanceAttributeRequest, { cloud }: Call): InstanceAttribute {
    const instance = findInstance(cloud.store, InstanceId)
    if (Attribute === 'userData') return { InstanceId, UserData: { Value: instance.UserData } }
    if (Attribute === 'instanceType') return { InstanceId, InstanceType: { Value: instance.InstanceType } }
    if (Attribute === 'groupSet') return { InstanceId, Groups: instance.SecurityGroupIds.map((GroupId) => ({ GroupId })) }
    if (Attribute === 'disableApiTermination')
      return { InstanceId, DisableApiTermination: { Value: instance.DisableApiTermination === true } }
    throw new ApiError('InvalidParameterValue', `The embedded cloud cannot show the attribute ${Attribute} of an instance.`)
  },

  /** The machine room does the rest. An Elastic IP is free at once, as in AWS. */
  TerminateInstances({ InstanceIds = [] }: TerminateInstancesRequest, { cloud: { store }, lingerMs }: Call): TerminateInstancesResult {
    const instances = named(
      InstanceIds,
      () => [],
      (id) => findInstance(store, id),
    )
    const kept = instances.find(({ DisableApiTermination }) => DisableApiTermination)
    if (kept) {
      const message = `The instance '${kept.InstanceId}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`
      throw new ApiError('OperationNotPermitted', message)
    }
    return { TerminatingInstances: instances.map((instance) => terminate(store, instance, lingerMs)) }
  },
}

function terminate(store: Store, instance: Instance, lingerMs = 0): InstanceStateChange {
  const { InstanceId, State } = instance
  const over = State === 'terminated' || State === 'shutting-down'
  const change = { InstanceId, PreviousState: state(State), CurrentState: state(over ? State : 'shutting-down') }
  if (over) return change
  const StateReason = { Code: 'Client.UserInitiatedShutdown', Message: 'Client.UserInitiatedShutdown: User initiated shutdown' }
  store.put('instance', InstanceId, { ...instance, State: 'shutting-down', StateReason, ...(lingerMs > 0 ? { LingerMs: lingerMs } : {}) })
  for (const { AssociationId: _, InstanceId: holder, ...address } of store.list('address')) {
    if (holder === InstanceId) store.put('address', String(address.AllocationId), address as Address)
  }
  return change
}

/** Instances that one RunInstances call made, as AWS shows them. */
export function reservation(instances: readonly Instance[], cloud: Cloud): Reservation {
  const addresses = cloud.store.list('address')
  return {
    ReservationId: String(instances[0]?.ReservationId),
    OwnerId: cloud.accountId,
    Groups: [],
    Instances: instances.map((instance, index) => wire(instance, index, addresses, cloud)),
  }
}

function wire(instance: Instance, index: number, addresses: readonly Address[], cloud: Cloud): WireInstance {
  const { InstanceId, ImageId, InstanceType, State, StateReason, LaunchTime, SubnetId, VpcId, IamInstanceProfileArn, Tags } = instance
  const gone = State === 'terminated'
  const open = publicAddress(instance, addresses)
  const face = gone ? undefined : networkInterface(instance, cloud)
  const { RootVolume } = instance as unknown as { RootVolume: { DeleteOnTermination: boolean } }
  const device = {
    VolumeId: String(instance.VolumeId),
    Status: 'attached' as const,
    ...{ DeleteOnTermination: RootVolume.DeleteOnTermination },
  }
  return {
    InstanceId,
    ImageId,
    InstanceType: InstanceType as 't3.micro',
    State: state(State),
    StateReason,
    StateTransitionReason: StateReason ? `User initiated (${StateReason.Code})` : '',
    LaunchTime: new Date(LaunchTime),
    AmiLaunchIndex: index,
    Architecture: instance.Architecture as 'x86_64',
    Hypervisor: 'xen',
    VirtualizationType: 'hvm',
    EnaSupport: true,
    EbsOptimized: false,
    SourceDestCheck: true,
    ClientToken: instance.ClientToken ?? '',
    Monitoring: { State: 'disabled' },
    Placement: { AvailabilityZone: `${cloud.region}${instance.Zone}`, Tenancy: 'default', GroupName: '' },
    PrivateDnsName: gone ? '' : `ip-${instance.PrivateIpAddress.replaceAll('.', '-')}.${cloud.region}.compute.internal`,
    PublicDnsName: '',
    ...(gone ? {} : { SubnetId, VpcId, PrivateIpAddress: instance.PrivateIpAddress, PublicIpAddress: open }),
    IamInstanceProfile: IamInstanceProfileArn ? { Arn: IamInstanceProfileArn, Id: String(instance.IamInstanceProfileId) } : undefined,
    MetadataOptions: {
      State: 'applied',
      ...(instance.MetadataOptions as object),
      HttpProtocolIpv6: 'disabled',
      InstanceMetadataTags: 'disabled',
    },
    RootDeviceName: String(instance.RootDeviceName),
    RootDeviceType: 'ebs',
    BlockDeviceMappings: gone
      ? []
      : [{ DeviceName: String(instance.RootDeviceName), Ebs: { ...device, AttachTime: new Date(LaunchTime) } }],
    SecurityGroups: face?.Groups ?? [],
    NetworkInterfaces: face ? [attached(face)] : [],
    Tags,
  }
}

/** The interface as a part of its instance: the same facts in a slightly other shape. */
function attached({
  Groups,
  NetworkInterfaceId,
  PrivateIpAddress,
  SubnetId,
  VpcId,
  OwnerId,
  MacAddress,
  Association,
  Attachment,
}: ReturnType<typeof networkInterface>) {
  const association = Association && { PublicIp: Association.PublicIp, PublicDnsName: '', IpOwnerId: Association.IpOwnerId }
  const { AttachmentId, AttachTime, DeleteOnTermination, DeviceIndex, Status } = Attachment
  return {
    Groups,
    NetworkInterfaceId,
    PrivateIpAddress,
    SubnetId,
    VpcId,
    OwnerId,
    MacAddress,
    Association: association,
    Attachment: { AttachmentId, AttachTime, DeleteOnTermination, DeviceIndex, Status },
    Status: 'in-use' as const,
    SourceDestCheck: true,
    PrivateIpAddresses: [{ Primary: true, PrivateIpAddress, Association: association }],
  }
}
