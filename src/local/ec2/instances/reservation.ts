import type { InstanceNetworkInterface, InstanceStateChange, Reservation, Instance as WireInstance } from '@aws-sdk/client-ec2'
import type { Cloud } from '../../cloud.ts'
import type { Instance, InstanceState } from '../../records.ts'
import { networkInterface } from '../network/network-interface.ts'

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceState.html */
const stateCodes = { pending: 0, running: 16, 'shutting-down': 32, terminated: 48, stopping: 64, stopped: 80 } as const

/** A state as AWS shows it. */
export function instanceState(Name: InstanceState) {
  return { Code: stateCodes[Name], Name }
}

/** What a call that switches an instance on or off answers. */
export function stateChange({ InstanceId, State }: Instance, to: InstanceState): InstanceStateChange {
  return { InstanceId, PreviousState: instanceState(State), CurrentState: instanceState(to) }
}

/** Why an instance is off that a user switched off. */
export const userInitiated = {
  Code: 'Client.UserInitiatedShutdown',
  Message: 'Client.UserInitiatedShutdown: User initiated shutdown',
} as const

/** Instances that one RunInstances call made, as AWS shows them. */
export function reservation(instances: readonly Instance[], cloud: Cloud): Reservation {
  return {
    ReservationId: instances[0]?.ReservationId,
    OwnerId: cloud.accountId,
    Groups: [],
    Instances: instances.map((instance, index) => ({ ...wireInstance(instance, cloud), AmiLaunchIndex: index })),
  }
}

/** An instance as AWS shows it; of a terminated one, nothing that it had of its network is left. */
export function wireInstance(instance: Instance, cloud: Cloud) {
  const { State, StateReason, PrivateIpAddress, RootDeviceName, RootVolume, IamInstanceProfileArn } = instance
  const gone = State === 'terminated'
  const face = gone ? undefined : networkInterface(instance, cloud)
  const ebs = { VolumeId: instance.VolumeId, Status: 'attached', DeleteOnTermination: RootVolume.DeleteOnTermination } as const
  return {
    InstanceId: instance.InstanceId,
    ImageId: instance.ImageId,
    InstanceType: instance.InstanceType as 't3.micro',
    State: instanceState(State),
    StateReason,
    StateTransitionReason: StateReason ? `User initiated (${StateReason.Code})` : '',
    LaunchTime: new Date(instance.LaunchTime),
    Architecture: instance.Architecture,
    Hypervisor: 'xen',
    VirtualizationType: 'hvm',
    EnaSupport: true,
    EbsOptimized: false,
    SourceDestCheck: true,
    ClientToken: instance.ClientToken ?? '',
    Monitoring: { State: 'disabled' },
    Placement: { AvailabilityZone: `${cloud.region}${instance.Zone}`, Tenancy: 'default', GroupName: '' },
    PrivateDnsName: face ? `ip-${PrivateIpAddress.replaceAll('.', '-')}.${cloud.region}.compute.internal` : '',
    PublicDnsName: '',
    SubnetId: face?.SubnetId,
    VpcId: face?.VpcId,
    PrivateIpAddress: face?.PrivateIpAddress,
    PublicIpAddress: face?.Association?.PublicIp,
    IamInstanceProfile: IamInstanceProfileArn ? { Arn: IamInstanceProfileArn, Id: instance.IamInstanceProfileId } : undefined,
    MetadataOptions: {
      State: 'applied',
      HttpTokens: instance.MetadataOptions.HttpTokens as 'required',
      HttpEndpoint: instance.MetadataOptions.HttpEndpoint as 'enabled',
      HttpPutResponseHopLimit: instance.MetadataOptions.HttpPutResponseHopLimit,
      HttpProtocolIpv6: 'disabled',
      InstanceMetadataTags: 'disabled',
    },
    RootDeviceName,
    RootDeviceType: 'ebs',
    BlockDeviceMappings: face ? [{ DeviceName: RootDeviceName, Ebs: { ...ebs, AttachTime: new Date(instance.LaunchTime) } }] : [],
    SecurityGroups: face?.Groups ?? [],
    NetworkInterfaces: face ? [attached(face)] : [],
    Tags: instance.Tags,
  } satisfies WireInstance
}

/** The interface as a part of its instance: fewer facts, in a slightly other shape. */
function attached(face: ReturnType<typeof networkInterface>): InstanceNetworkInterface {
  const { AvailabilityZone, Description, InterfaceType, RequesterId, RequesterManaged, TagSet, ...shared } = face
  const { InstanceId, InstanceOwnerId, ...Attachment } = face.Attachment
  const PrivateIpAddresses = face.PrivateIpAddresses.map(({ Association: { PublicIp, IpOwnerId } = {}, ...address }) => ({
    ...address,
    Association: PublicIp ? { PublicIp, PublicDnsName: '', IpOwnerId } : undefined,
  }))
  return { ...shared, Association: PrivateIpAddresses[0]?.Association, Attachment, Status: 'in-use', PrivateIpAddresses }
}
