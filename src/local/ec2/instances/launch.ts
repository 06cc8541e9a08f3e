import type { BlockDeviceMapping, Reservation, RunInstancesRequest } from '@aws-sdk/client-ec2'
import { ApiError, type Call, type Cloud, type Store } from '../../cloud.ts'
import { findProfile } from '../../iam/instance-profile.ts'
import type { Instance, RootVolume } from '../../records.ts'
import { digestOf, madeBefore } from '../client-token.ts'
import { find, newId } from '../kinds.ts'
import { nextAddresses, secondaryAddresses } from '../network/loopback.ts'
import { tagsFor } from '../tag.ts'
import { creditsOf } from './credit.ts'
import { findImage } from './image.ts'
import { findInstanceType, type InstanceType, isOffered } from './instance-type.ts'
import { reservation } from './reservation.ts'
import { freeVcpus, vcpuLimitExceeded } from './vcpu.ts'

/** What RunInstances may say here. Anything else is refused by name, for an option that is ignored is a lie. */
const understood = [
  'ImageId InstanceType MinCount MaxCount SubnetId SecurityGroupIds NetworkInterfaces UserData ClientToken IamInstanceProfile',
  'MetadataOptions BlockDeviceMappings TagSpecifications Monitoring EbsOptimized CreditSpecification Placement InstanceInitiatedShutdownBehavior DisableApiTermination',
].flatMap((names) => names.split(' '))

/** What its network interface may say, likewise. */
const understoodOfInterface = 'DeviceIndex SubnetId Groups AssociatePublicIpAddress SecondaryPrivateIpAddressCount'.split(' ')

/** AWS's limit before base64: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html */
const userDataLimit = 16 * 1024

/**
 * Puts instances into the store as `pending`; the machine room boots them. The same ClientToken gives the same
 * instances again.
 */
export function runInstances(input: RunInstancesRequest, { cloud }: Call): Reservation {
  const { store } = cloud
  const Asked = digestOf(input)
  const earlier = madeBefore(store.list('instance'), input.ClientToken, Asked)
  if (earlier.length > 0) return reservation(earlier, cloud)
  const strange = Object.keys(input).find((name) => !understood.includes(name))
  if (strange) throw new ApiError('UnsupportedOperation', `The embedded cloud launches no instances with ${strange}.`)
  const { MinCount = 1, MaxCount = 1 } = input
  if (MinCount < 1 || MaxCount < MinCount) throw new ApiError('InvalidParameterValue', `Invalid value '${MaxCount}' for maxCount.`)
  const machine = machineOf(input)
  const common = {
    ...machine,
    ...networkOf(input, cloud, findInstanceType(machine.InstanceType)),
    ...profileOf(input, store),
    ReservationId: newId('reservation'),
    Asked,
  }
  if (!isOffered(common.InstanceType, common.Zone)) throw notOffered(common, cloud)
  const count = Math.min(MaxCount, Math.floor(freeVcpus(store) / findInstanceType(common.InstanceType).vCpus))
  if (count < MinCount) throw vcpuLimitExceeded(store)
  const instances = Array.from({ length: count }, () => launch(input, common, cloud))
  for (const instance of instances) store.put('instance', instance.InstanceId, instance)
  return reservation(instances, cloud)
}

function notOffered({ InstanceType, Zone }: { InstanceType: string; Zone: string }, { region }: Cloud): ApiError {
  const message = `Your requested instance type (${InstanceType}) is not supported in your requested Availability Zone (${region}${Zone}).`
  return new ApiError('Unsupported', message)
}

type Common = ReturnType<typeof machineOf> &
  ReturnType<typeof networkOf> &
  ReturnType<typeof profileOf> & { ReservationId: string; Asked: string }

function launch(
  { TagSpecifications, ClientToken }: RunInstancesRequest,
  { wantsAddress, secondaries, ...common }: Common,
  cloud: Cloud,
): Instance {
  const { Private, Public } = nextAddresses(cloud)
  const types = ['instance', 'volume', 'network-interface'] as const
  const tags = (type: (typeof types)[number]) => tagsFor(type, TagSpecifications, types)
  return {
    ...common,
    InstanceId: newId('instance'),
    Region: cloud.region,
    State: 'pending',
    LaunchTime: new Date().toISOString(),
    PrivateIpAddress: Private,
    ...(secondaries > 0 && { SecondaryPrivateIpAddresses: secondaryAddresses(cloud, secondaries) }),
    ...(cloud.engine === 'docker' && { Engine: cloud.engine }),
    ...(wantsAddress && Public !== undefined && { PublicIpAddress: Public }),
    ...(ClientToken && { ClientToken }),
    NetworkInterfaceId: newId('networkInterface'),
    AttachmentId: newId('networkInterfaceAttachment'),
    NetworkInterfaceTags: tags('network-interface'),
    VolumeId: newId('volume'),
    VolumeTags: tags('volume'),
    Tags: tags('instance'),
  }
}

function machineOf(input: RunInstancesRequest) {
  const { ImageId, UserData, MetadataOptions, BlockDeviceMappings } = input
  if (!ImageId) throw new ApiError('MissingParameter', 'The request must contain the parameter ImageId')
  const image = findImage(ImageId)
  const type = findInstanceType(input.InstanceType ?? 'm6i.large')
  if (type.architecture !== image.Architecture) {
    const message = `The architecture '${type.architecture}' of the specified instance type does not match the architecture '${image.Architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.`
    throw new ApiError('InvalidParameterValue', message)
  }
  if (UserData !== undefined) checkUserData(UserData)
  const CpuCredits = creditsOf(type, input.CreditSpecification)
  return {
    ImageId,
    InstanceType: type.name,
    ...(CpuCredits !== undefined && { CpuCredits }),
    Architecture: image.Architecture,
    RootDeviceName: image.RootDeviceName,
    RootVolume: rootVolume(BlockDeviceMappings, image.RootDeviceName),
    DisableApiTermination: input.DisableApiTermination ?? false,
    ...(UserData !== undefined && { UserData }),
    MetadataOptions: {
      HttpTokens: MetadataOptions?.HttpTokens ?? 'required',
      HttpEndpoint: MetadataOptions?.HttpEndpoint ?? 'enabled',
      HttpPutResponseHopLimit: MetadataOptions?.HttpPutResponseHopLimit ?? 2,
    },
  }
}

function checkUserData(text: string): void {
  if (!/^[A-Za-z0-9+/\s]*=*\s*$/.test(text)) throw new ApiError('InvalidUserData.Malformed', 'Invalid BASE64 encoding of user data.')
  if (Buffer.from(text, 'base64').length > userDataLimit)
    throw new ApiError('InvalidParameterValue', `User data is limited to ${userDataLimit} bytes`)
}

function rootVolume(mappings: readonly BlockDeviceMapping[] | undefined, rootDevice: string): RootVolume {
  const other = mappings?.find(({ DeviceName }) => DeviceName !== rootDevice)
  if (other)
    throw new ApiError('UnsupportedOperation', `The embedded cloud has root volumes (${rootDevice}) only, not ${other.DeviceName}.`)
  const ebs = mappings?.[0]?.Ebs
  const size = ebs?.VolumeSize ?? 8
  if (size < 8) throw new ApiError('InvalidBlockDeviceMapping', `Volume of size ${size}GB is smaller than snapshot, expect size >= 8GB`)
  if (size > 16384)
    throw new ApiError('InvalidParameterValue', `Volume of ${size}GiB is too large for volume type gp3; maximum is 16384GiB`)
  return {
    Size: size,
    VolumeType: ebs?.VolumeType ?? 'gp3',
    Encrypted: ebs?.Encrypted ?? false,
    DeleteOnTermination: ebs?.DeleteOnTermination ?? true,
  }
}

function networkOf(
  { SubnetId, SecurityGroupIds, NetworkInterfaces, Placement }: RunInstancesRequest,
  { store, region }: Cloud,
  type: InstanceType,
) {
  if (NetworkInterfaces?.length && (SubnetId || SecurityGroupIds?.length)) {
    const message = 'Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request'
    throw new ApiError('InvalidParameterCombination', message)
  }
  if ((NetworkInterfaces?.length ?? 0) > 1)
    throw new ApiError('UnsupportedOperation', 'Instances of the embedded cloud have one network interface.')
  const face = NetworkInterfaces?.[0]
  const strange = Object.keys(face ?? {}).find((name) => !understoodOfInterface.includes(name))
  if (strange) throw new ApiError('UnsupportedOperation', `The embedded cloud makes no network interfaces with ${strange}.`)
  const secondaries = face?.SecondaryPrivateIpAddressCount ?? 0
  if (secondaries < 0 || secondaries >= type.addressesPerInterface) {
    const message = `Number of private addresses will exceed limit of ${type.addressesPerInterface} for an interface of a ${type.name}.`
    throw new ApiError('PrivateIpAddressLimitExceeded', message)
  }
  const id = face?.SubnetId ?? SubnetId
  if (!id) throw new ApiError('MissingInput', 'No subnets found for the default VPC. Please specify a subnet.')
  const subnet = find(store, 'subnet', id)
  if (Placement?.AvailabilityZone && Placement.AvailabilityZone !== region + subnet.Zone)
    throw new ApiError('InvalidParameterValue', `Invalid availability zone: the subnet ${id} is not in ${Placement.AvailabilityZone}.`)
  const given = face?.Groups ?? SecurityGroupIds ?? []
  const byDefault = store.list('securityGroup').filter(({ VpcId, GroupName }) => VpcId === subnet.VpcId && GroupName === 'default')
  const groups = given.length > 0 ? given.map((group) => find(store, 'securityGroup', group)) : byDefault
  for (const { GroupId, VpcId } of groups) {
    if (VpcId !== subnet.VpcId)
      throw new ApiError('InvalidParameter', `Security group ${GroupId} and subnet ${id} belong to different networks.`)
  }
  return {
    VpcId: subnet.VpcId,
    SubnetId: id,
    Zone: subnet.Zone,
    SecurityGroupIds: groups.map(({ GroupId }) => GroupId),
    secondaries,
    wantsAddress: face?.AssociatePublicIpAddress ?? subnet.MapPublicIpOnLaunch,
  }
}

function profileOf({ IamInstanceProfile }: RunInstancesRequest, store: Store) {
  if (!IamInstanceProfile) return {}
  const { Arn, Name } = IamInstanceProfile
  const profile = findProfile(store, Arn ?? Name ?? '')
  if (!profile) {
    const which = Arn ? 'iamInstanceProfile.arn' : 'iamInstanceProfile.name'
    const message = `Value (${Arn ?? Name}) for parameter ${which} is invalid. Invalid IAM Instance Profile ${Arn ? 'ARN' : 'name'}`
    throw new ApiError('InvalidParameterValue', message)
  }
  if (!profile.role) throw new ApiError('InvalidParameterValue', `IAM Instance Profile "${profile.arn}" has no associated IAM Roles`)
  return { IamInstanceProfileArn: profile.arn, IamInstanceProfileId: profile.id }
}
