import { ApiError, type Caller, type Cloud, type RoleCredentials } from '../../cloud.ts'
import type { Instance } from '../../records.ts'

/** The role that an instance has just now, with fresh credentials; undefined when it has none. */
export interface InstanceRole {
  readonly name: string
  readonly credentials: RoleCredentials
  readonly caller: Caller
}

export function roleOf(cloud: Cloud, instance: Instance): InstanceRole | undefined {
  const profile = instance.IamInstanceProfileArn
  const credentials = profile === undefined ? undefined : cloud.roleCredentials(profile, instance.InstanceId)
  if (credentials === undefined) return undefined
  const { accountId } = cloud
  const name = credentials.RoleName
  const arn = `arn:aws:sts::${accountId}:assumed-role/${name}/${instance.InstanceId}`
  return { name, credentials, caller: { accountId, arn, accessKeyId: credentials.AccessKeyId, role: name } }
}

/** The ARN of an instance. */
export function instanceArn({ region, accountId }: Pick<Cloud, 'region' | 'accountId'>, instanceId: string): string {
  return `arn:aws:ec2:${region}:${accountId}:instance/${instanceId}`
}

/** Whether the agent may register: its role must allow what AmazonSSMManagedInstanceCore allows. */
export function mayRegister(cloud: Cloud, instance: Instance, role: InstanceRole): boolean {
  try {
    cloud.authorize(role.caller, 'ssm:UpdateInstanceInformation', instanceArn({ ...cloud, region: instance.Region }, instance.InstanceId))
    return true
  } catch (error) {
    if (error instanceof ApiError) return false
    throw error
  }
}
