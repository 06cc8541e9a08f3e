import type {
  CreateSecurityGroupRequest,
  CreateSecurityGroupResult,
  DeleteSecurityGroupRequest,
  DeleteSecurityGroupResult,
  DescribeSecurityGroupsRequest,
  DescribeSecurityGroupsResult,
  SecurityGroup as WireGroup,
} from '@aws-sdk/client-ec2'
import type { Call, Cloud, Store } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import type { SecurityGroup } from '../records.ts'
import { newId, notFound } from './id.ts'
import { liveInstances } from './live.ts'
import { newRule, permissions } from './permission.ts'
import { named, select } from './select.ts'
import { tagsFor } from './tag.ts'
import type { Vpc } from './vpc.ts'
import { findVpc } from './vpc.ts'

/** The group with this id. Throws ApiError InvalidGroup.NotFound. */
export function findGroup(store: Store, id: string): SecurityGroup {
  const group = store.get('securityGroup', id)
  if (!group) throw notFound('securityGroup', id)
  return group
}

/** The group that comes with a VPC and goes with it: everything from itself, everything to the world. */
export function createDefaultGroup(store: Store, { VpcId }: Vpc): void {
  const GroupId = newId('securityGroup')
  const Ingress = [newRule({ IpProtocol: '-1', ReferencedGroupId: GroupId })]
  const group = { GroupId, GroupName: 'default', Description: 'default VPC security group', VpcId, Ingress, Egress: openEgress(), Tags: [] }
  store.put('securityGroup', GroupId, group)
}

/** A new group may reach everything. */
function openEgress() {
  return [newRule({ IpProtocol: '-1', CidrIpv4: '0.0.0.0/0' })]
}

export const securityGroupActions = {
  CreateSecurityGroup(input: CreateSecurityGroupRequest, { cloud }: Call): CreateSecurityGroupResult {
    const { store } = cloud
    const { GroupName = '', Description = '', VpcId, TagSpecifications } = input
    if (!VpcId) throw new ApiError('VPCIdNotSpecified', 'No default VPC for this user')
    findVpc(store, VpcId)
    if (GroupName === 'default') throw new ApiError('InvalidParameterValue', 'Cannot use reserved security group name: default')
    for (const [what, text] of [
      ['groupName', GroupName],
      ['groupDescription', Description],
    ] as const) {
      // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
      const allowed = /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{1,255}$/.test(text) && !text.startsWith('sg-')
      if (!allowed) throw new ApiError('InvalidParameterValue', `Value (${text}) for parameter ${what} is invalid.`)
    }
    if (store.list('securityGroup').some((other) => other.VpcId === VpcId && other.GroupName === GroupName)) {
      throw new ApiError('InvalidGroup.Duplicate', `The security group '${GroupName}' already exists for VPC '${VpcId}'`)
    }
    const GroupId = newId('securityGroup')
    const Tags = tagsFor('security-group', TagSpecifications)
    store.put('securityGroup', GroupId, { GroupId, GroupName, Description, VpcId, Ingress: [], Egress: openEgress(), Tags })
    return { GroupId, Tags, SecurityGroupArn: arn(cloud, GroupId) }
  },

  DescribeSecurityGroups(input: DescribeSecurityGroupsRequest, { cloud }: Call): DescribeSecurityGroupsResult {
    const { store, accountId } = cloud
    const groups = named(
      input.GroupIds,
      () => store.list('securityGroup'),
      (id) => findGroup(store, id),
    )
    const { items, NextToken } = select(groups, input, {
      id: ({ GroupId }) => GroupId,
      filters: {
        'group-id': ({ GroupId }) => GroupId,
        'group-name': ({ GroupName }) => GroupName,
        'vpc-id': ({ VpcId }) => VpcId,
        description: ({ Description }) => String(Description),
        'owner-id': () => accountId,
        'ip-permission.cidr': ({ Ingress }) => Ingress.map(({ CidrIpv4 }) => CidrIpv4),
        'ip-permission.from-port': ({ Ingress }) => Ingress.map(({ FromPort }) => FromPort),
        'ip-permission.to-port': ({ Ingress }) => Ingress.map(({ ToPort }) => ToPort),
        'ip-permission.group-id': ({ Ingress }) => Ingress.map(({ ReferencedGroupId }) => ReferencedGroupId),
        'egress.ip-permission.group-id': ({ Egress }) => Egress.map(({ ReferencedGroupId }) => ReferencedGroupId),
      },
    })
    return { SecurityGroups: items.map((group) => wire(group, cloud)), NextToken }
  },

  DeleteSecurityGroup({ GroupId = '', GroupName }: DeleteSecurityGroupRequest, { cloud: { store } }: Call): DeleteSecurityGroupResult {
    if (GroupName !== undefined && GroupId === '') throw new ApiError('MissingParameter', 'A group in a VPC is deleted by its groupId')
    const group = findGroup(store, GroupId)
    if (group.GroupName === 'default') {
      throw new ApiError('CannotDelete', `the specified group: "${GroupId}" name: "default" cannot be deleted by a user`)
    }
    const used =
      liveInstances(store).some(({ SecurityGroupIds }) => SecurityGroupIds.includes(GroupId)) ||
      store.list('securityGroup').some((other) => {
        return (
          other.GroupId !== GroupId && [...other.Ingress, ...other.Egress].some(({ ReferencedGroupId }) => ReferencedGroupId === GroupId)
        )
      })
    if (used) throw new ApiError('DependencyViolation', `resource ${GroupId} has a dependent object`)
    store.delete('securityGroup', GroupId)
    return { Return: true, GroupId }
  },
}

function wire({ GroupId, GroupName, Description, VpcId, Ingress, Egress, Tags }: SecurityGroup, cloud: Cloud): WireGroup {
  return {
    GroupId,
    GroupName,
    Description: String(Description),
    VpcId,
    OwnerId: cloud.accountId,
    SecurityGroupArn: arn(cloud, GroupId),
    IpPermissions: permissions(Ingress, cloud.accountId),
    IpPermissionsEgress: permissions(Egress, cloud.accountId),
    Tags,
  }
}

function arn({ region, accountId }: Cloud, id: string): string {
  return `arn:aws:ec2:${region}:${accountId}:security-group/${id}`
}
