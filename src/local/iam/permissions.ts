import type { Cloud } from '../cloud.ts'
import { type Permission, passRole, requestTags } from './permission.ts'

interface Input {
  readonly RoleName?: string
  readonly InstanceProfileName?: string
  readonly PolicyArn?: string
  readonly PermissionsBoundary?: string
  readonly Path?: string
  readonly Tags?: readonly { Key?: string; Value?: string }[]
}

/**
 * What a call to IAM needs:
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
 */
export function iamPermissions(name: string, input: Input, cloud: Cloud): Permission[] {
  const { RoleName, InstanceProfileName, PolicyArn, PermissionsBoundary, Path, Tags } = input
  const { store, accountId } = cloud
  const action = `iam:${name}`
  if (InstanceProfileName !== undefined) {
    const path = store.get('instanceProfile', InstanceProfileName)?.path ?? Path ?? '/'
    const resource = `arn:aws:iam::${accountId}:instance-profile${path}${InstanceProfileName}`
    const context = requestTags(Tags)
    return [
      { action, resource, context },
      ...(name === 'CreateInstanceProfile' && Tags?.length ? [{ action: 'iam:TagInstanceProfile', resource, context }] : []),
      ...(name === 'AddRoleToInstanceProfile' ? [passRole(cloud, RoleName)] : []),
    ]
  }
  if (RoleName !== undefined) {
    const role = store.get('role', RoleName)
    const resource = `arn:aws:iam::${accountId}:role${role?.Path ?? Path ?? '/'}${RoleName}`
    const boundary = PermissionsBoundary ?? role?.PermissionsBoundary
    const context = { ...requestTags(Tags), 'iam:PolicyARN': PolicyArn, 'iam:PermissionsBoundary': boundary }
    return [{ action, resource, context }, ...(name === 'CreateRole' && Tags?.length ? [{ action: 'iam:TagRole', resource, context }] : [])]
  }
  return [{ action, resource: PolicyArn ?? '*' }]
}
