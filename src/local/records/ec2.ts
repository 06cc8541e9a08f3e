import type { VolumeType } from '@aws-sdk/client-ec2'
import type { EngineName } from '../machine/engine.ts'
import type { Tag } from './tag.ts'

export interface Vpc {
  VpcId: string
  CidrBlock: string
  EnableDnsSupport: boolean
  EnableDnsHostnames: boolean
  Tags: Tag[]
}

export interface Subnet {
  SubnetId: string
  VpcId: string
  CidrBlock: string
  /** What follows the name of the region in that of its zone: `a`. */
  Zone: string
  MapPublicIpOnLaunch: boolean
  Tags: Tag[]
}

export interface InternetGateway {
  InternetGatewayId: string
  /** The VPC that it is attached to. */
  VpcId?: string
  Tags: Tag[]
}

export interface RouteTable {
  RouteTableId: string
  VpcId: string
  /** Beside the local route, which every table has. */
  Routes: { DestinationCidrBlock: string; GatewayId: string }[]
  Associations: { RouteTableAssociationId: string; SubnetId?: string; Main: boolean }[]
  /** The token of the call that made it, and a digest of what that call asked for. */
  ClientToken?: string
  Asked?: string
  Tags: Tag[]
}

export interface SecurityGroup {
  GroupId: string
  GroupName: string
  Description: string
  VpcId: string
  Ingress: Rule[]
  Egress: Rule[]
  Tags: Tag[]
}

/**
 * What a rule of a security group lets through: `tcp`, a range of ports, and who. `-1` as protocol means everything.
 */
export interface Permission {
  IpProtocol: string
  FromPort?: number
  ToPort?: number
  CidrIpv4?: string
  CidrIpv6?: string
  ReferencedGroupId?: string
  Description?: string
}

export interface Rule extends Permission {
  SecurityGroupRuleId: string
  Tags: Tag[]
}

/** A way from a VPC to a service of AWS, with an interface in each of its subnets. */
export interface VpcEndpoint {
  VpcEndpointId: string
  VpcId: string
  /** `com.amazonaws.REGION.guardduty-data` */
  ServiceName: string
  SubnetIds: string[]
  GroupIds: string[]
  /** One for each subnet, in their order. */
  NetworkInterfaceIds: string[]
  CreationTimestamp: string
  /** When it was deleted, in ms; for a while AWS shows it as `deleting`, and its interfaces stay as long. */
  DeletedAt?: number
  Tags: Tag[]
}

export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped'

export interface Instance {
  InstanceId: string
  ImageId: string
  InstanceType: string
  /** Of a type with CPU credits: `standard` or `unlimited`. */
  CpuCredits?: string
  State: InstanceState
  /** Why it is in that state, as AWS words it: `Client.UserInitiatedShutdown`, `Server.InternalError`. */
  StateReason?: { Code: string; Message: string }
  LaunchTime: string
  /** Set once it has been `running`: from then on it has something to lose. */
  Ran?: boolean
  /** When it reached `terminated`, in ms; such an instance stays visible for about an hour. */
  TerminatedAt?: number
  VpcId: string
  SubnetId: string
  SecurityGroupIds: string[]
  /**
   * The address that its programs listen on: on the loopback with the stand-in, in a network of its own with a real
   * engine.
   */
  PrivateIpAddress: string
  /** Further private addresses of its interface, by which the same programs are reached. */
  SecondaryPrivateIpAddresses?: string[]
  /** The address of its own that the world may use while no Elastic IP is associated with the primary private one. */
  PublicIpAddress?: string
  /**
   * That it had such an address and lost it, to an Elastic IP or because it is stopped, and will get another one.
   */
  HadPublicAddress?: boolean
  /** When it gets that, in ms; set once the Elastic IP is gone. */
  PublicAddressDue?: number
  /** Set once its agent has registered: from then on Systems Manager knows it. */
  AgentRegistered?: boolean
  /** ARN of the instance profile. */
  IamInstanceProfileArn?: string
  /** Base64, as it was sent. */
  UserData?: string
  ClientToken?: string
  /** Its container engine, as it was chosen when it was launched; absent: the stand-in. */
  Engine?: EngineName
  MetadataOptions: { HttpTokens: string; HttpEndpoint: string; HttpPutResponseHopLimit: number }
  Tags: Tag[]
  Region: string
  /** What follows the name of the region in that of its zone: `a`. */
  Zone: string
  Architecture: 'x86_64' | 'arm64'
  /** What RunInstances call made it, and a digest of what that call asked for. */
  ReservationId: string
  Asked: string
  DisableApiTermination: boolean
  IamInstanceProfileId?: string
  /** Its one network interface, which comes and goes with it. */
  NetworkInterfaceId: string
  AttachmentId: string
  NetworkInterfaceTags: Tag[]
  /** For how long, in ms, the interface stays behind when the instance is terminated; set by a fault rule. */
  LingerMs?: number
  /** Its root volume, likewise. */
  VolumeId: string
  RootDeviceName: string
  RootVolume: RootVolume
  VolumeTags: Tag[]
}

export interface RootVolume {
  /** GiB. */
  Size: number
  VolumeType: VolumeType
  Encrypted: boolean
  DeleteOnTermination: boolean
}

/** An Elastic IP. */
export interface Address {
  AllocationId: string
  /** On Linux the first is 127.0.0.1, the next ones follow; a machine with one loopback address has one Elastic IP. */
  PublicIp: string
  AssociationId?: string
  InstanceId?: string
  /** The private address that it leads to; absent: the primary one. */
  PrivateIpAddress?: string
  Tags: Tag[]
}
