import type { PolicyDocument } from '../iam/policy.ts'
import type { Tag } from './tag.ts'

export interface Role {
  RoleName: string
  RoleId: string
  Path: string
  CreateDate: string
  AssumeRolePolicyDocument: string
  Description?: string
  MaxSessionDuration: number
  /** The ARN of the managed policy beyond which no other one goes. */
  PermissionsBoundary?: string
  /** Inline policies by name, as they were sent. */
  Policies: Record<string, string>
  /** ARNs of managed policies. */
  Attached: string[]
  Tags: Tag[]
}

export interface InstanceProfile {
  name: string
  id: string
  arn: string
  path: string
  created: string
  /** The name of its one role. */
  role?: string
  Tags: Tag[]
}

/** A user beside the owner, who may do what the policy says: made to try a policy out. */
export interface LimitedUser {
  name: string
  policy: PolicyDocument
  accessKeyId: string
  secretAccessKey: string
}
