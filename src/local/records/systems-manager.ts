import type { ParameterType } from '@aws-sdk/client-ssm'
import type { Tag } from './tag.ts'

/** A parameter in one of its versions. */
export interface Parameter {
  Name: string
  Type: ParameterType
  /** Of a SecureString: encrypted. */
  Value: string
  Version: number
  /** Milliseconds since the epoch. */
  LastModified: number
  LastModifiedUser: string
  Description?: string
  AllowedPattern?: string
  KeyId?: string
  Tier: 'Standard' | 'Advanced'
  DataType: string
  Tags: Tag[]
}

/** A name that is not given out again for a while. */
export interface DeletedParameter {
  Name: string
  /** Milliseconds since the epoch. */
  DeletedAt: number
}

/** A Run Command as it was sent; what became of it stands in its invocations. */
export interface Command {
  CommandId: string
  DocumentName: string
  Comment: string
  Parameters: Record<string, string[]>
  InstanceIds: string[]
  Targets: { Key: string; Values: string[] }[]
  TimeoutSeconds: number
  RequestedDateTime: string
  /** The instances it was sent to, however they were named. */
  Sent: string[]
}

/** One Run Command on one instance. */
export interface Invocation extends Pick<Command, 'CommandId' | 'DocumentName' | 'Parameters' | 'Comment' | 'RequestedDateTime'> {
  InstanceId: string
  /** Until when it must have been delivered, in ms since the epoch. */
  DeliverBefore: number
  /** Set where its agent had no connection when it was sent: it is given up unless there is one again at once. */
  SentWhileLost?: true
  Status: 'Pending' | 'InProgress' | 'Delayed' | 'Success' | 'Cancelled' | 'TimedOut' | 'Failed' | 'Cancelling'
  StatusDetails: string
  ResponseCode: number
  ExecutionStartDateTime?: string
  ExecutionEndDateTime?: string
  StandardOutputContent: string
  StandardErrorContent: string
}

/** A Session Manager session. */
export interface Session {
  SessionId: string
  Target: string
  DocumentName: string
  Owner: string
  Reason?: string
  StartDate: string
  EndDate?: string
}
