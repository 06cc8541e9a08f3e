import type { EngineName } from './machine/engine-name.ts'

/**
 * What the embedded cloud remembers, one record a resource, by kind. The shapes that more than one room of the cloud reads stand here;
 * a kind that only one room uses is declared in that room.
 */
export interface Tag {
  Key: string
  Value: string
}

export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped'

export interface Instance {
  InstanceId: string
  ImageId: string
  InstanceType: string
  State: InstanceState
  /** Why it is in that state, as AWS words it: `Client.UserInitiatedShutdown`, `Server.InternalError`. */
  StateReason?: { Code: string; Message: string }
  LaunchTime: string
  /** Set once it has been `running`: from then on it has something to lose. */
  Ran?: boolean
  /** Set while it is to be switched off and on again. */
  Reboot?: boolean
  /** When it reached `terminated`, in ms; such an instance stays visible for about an hour. */
  TerminatedAt?: number
  VpcId: string
  SubnetId: string
  SecurityGroupIds: string[]
  /** The address that its programs listen on: on the loopback with the stand-in, in a network of its own with a real engine. */
  PrivateIpAddress: string
  /** The address of its own that the world may use while no Elastic IP is associated. */
  PublicIpAddress?: string
  /** ARN of the instance profile. */
  IamInstanceProfileArn?: string
  /** Base64, as it was sent. */
  UserData?: string
  ClientToken?: string
  /** Its container engine, as it was chosen when it was launched; absent: the stand-in. */
  Engine?: EngineName
  MetadataOptions: { HttpTokens: string; HttpEndpoint: string; HttpPutResponseHopLimit: number }
  Tags: Tag[]
  [other: string]: unknown
}

export interface SecurityGroup {
  GroupId: string
  GroupName: string
  VpcId: string
  Ingress: Rule[]
  Egress: Rule[]
  Tags: Tag[]
  [other: string]: unknown
}

/** One permission of a security group; `tcp`, a range of ports, and who. `-1` as protocol means everything. */
export interface Rule {
  IpProtocol: string
  FromPort?: number
  ToPort?: number
  CidrIpv4?: string
  ReferencedGroupId?: string
  [other: string]: unknown
}

/** An Elastic IP. */
export interface Address {
  AllocationId: string
  /** On Linux the first is 127.0.0.1, the next ones follow; a machine with one loopback address has one Elastic IP. */
  PublicIp: string
  AssociationId?: string
  InstanceId?: string
  Tags: Tag[]
  [other: string]: unknown
}

/** One Run Command on one instance. */
export interface Invocation {
  CommandId: string
  InstanceId: string
  DocumentName: string
  Parameters: Record<string, string[]>
  Comment?: string
  /** ISO 8601. */
  RequestedDateTime: string
  /** Until when it must have been delivered, in ms since the epoch. */
  DeliverBefore: number
  Status: 'Pending' | 'InProgress' | 'Delayed' | 'Success' | 'Cancelled' | 'TimedOut' | 'Failed' | 'Cancelling'
  StatusDetails: string
  ResponseCode: number
  ExecutionStartDateTime?: string
  ExecutionEndDateTime?: string
  StandardOutputContent: string
  StandardErrorContent: string
}

/** Records by kind. A room adds its own kinds by declaration merging: `declare module './records.ts' { interface Records { … } }`. */
export interface Records {
  instance: Instance
  securityGroup: SecurityGroup
  address: Address
  invocation: Invocation
}

export type Kind = keyof Records
