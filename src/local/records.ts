import type { Address, Instance, InternetGateway, RouteTable, SecurityGroup, Subnet, Vpc, VpcEndpoint } from './records/ec2.ts'
import type { InstanceProfile, LimitedUser, Role } from './records/identity.ts'
import type { QuotaChange } from './records/quota.ts'
import type { ImageRepository, RepositoryBlob, RepositoryImage } from './records/registry.ts'
import type { Command, DeletedParameter, Invocation, Parameter, Session } from './records/systems-manager.ts'

/**
 * What the embedded cloud remembers: one record for each resource, by kind. Times are ISO 8601 where nothing else is
 * said.
 */
export interface Records {
  vpc: Vpc
  subnet: Subnet
  internetGateway: InternetGateway
  routeTable: RouteTable
  securityGroup: SecurityGroup
  vpcEndpoint: VpcEndpoint
  /** Whether GuardDuty watches over the account's instances; one record, called `account`. */
  guardDuty: { Enabled: boolean }
  instance: Instance
  address: Address
  /** Counters that never go back: what was given to one instance is not soon given to another. */
  sequence: { next: number }
  role: Role
  instanceProfile: InstanceProfile
  limitedUser: LimitedUser
  quotaChange: QuotaChange
  parameter: Parameter
  /** Versions that were overwritten, by `NAME:VERSION`. */
  parameterVersion: Parameter
  /** By name. */
  deletedParameter: DeletedParameter
  command: Command
  invocation: Invocation
  session: Session
  /** By name. */
  repository: ImageRepository
  /** By repository and digest. */
  repositoryImage: RepositoryImage
  /** By repository and digest: a blob is visible only in the repositories that got it, though its file is shared. */
  repositoryBlob: RepositoryBlob
}

export type Kind = keyof Records

/** What is the same in all regions; everything else is of one. */
export const globalKinds: readonly Kind[] = ['role', 'instanceProfile', 'limitedUser', 'sequence', 'guardDuty']

export type * from './records/ec2.ts'
export type * from './records/identity.ts'
export type * from './records/quota.ts'
export type * from './records/registry.ts'
export type * from './records/systems-manager.ts'
export type * from './records/tag.ts'
