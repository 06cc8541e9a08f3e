import type { EC2, SecurityGroup as WireGroup } from '@aws-sdk/client-ec2'
import { type Actions, ApiError, type Cloud, type Store } from '../../cloud.ts'
import type { Rule, SecurityGroup, Vpc } from '../../records.ts'
import { describe } from '../describe.ts'
import { liveInstances } from '../instances/live.ts'
import { find, newId } from '../kinds.ts'
import { tagsFor } from '../tag.ts'
import { newRule, permissions } from './permission.ts'
import { liveEndpoints } from './vpc-endpoint.ts'

/** The group that comes with a VPC and goes with it: everything from itself, everything to the world. */
export function createDefaultGroup(store: Store, { VpcId }: Vpc): void {
  const GroupId = newId('securityGroup')
  const Ingress = [newRule({ IpProtocol: '-1', ReferencedGroupId: GroupId })]
  const group = { GroupId, GroupName: 'default', Description: 'default VPC security group', VpcId, Ingress, Egress: openEgress(), Tags: [] }
  store.put('securityGroup', GroupId, group)
}

/** A new group may reach everything. */
function openEgress(): Rule[] {
  return [newRule({ IpProtocol: '-1', CidrIpv4: '0.0.0.0/0' })]
}

export const securityGroupActions = {
  CreateSecurityGroup({ GroupName = '', Description = '', VpcId, TagSpecifications }, { cloud }) {
    const { store } = cloud
    if (!VpcId) throw new ApiError('VPCIdNotSpecified', 'No default VPC for this user')
    find(store, 'vpc', VpcId)
    if (GroupName === 'default') throw new ApiError('InvalidParameterValue', 'Cannot use reserved security group name: default')
    for (const [what, text] of Object.entries({ groupName: GroupName, groupDescription: Description })) {
      // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
      const allowed = /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{1,255}$/.test(text) && !text.startsWith('sg-')
      if (!allowed) throw new ApiError('InvalidParameterValue', `Value (${text}) for parameter ${what} is invalid.`)
    }
    if (store.list('securityGroup').some((other) => other.VpcId === VpcId && other.GroupName === GroupName))
      throw new ApiError('InvalidGroup.Duplicate', `The security group '${GroupName}' already exists for VPC '${VpcId}'`)
    const GroupId = newId('securityGroup')
    const Tags = tagsFor('security-group', TagSpecifications)
    store.put('securityGroup', GroupId, { GroupId, GroupName, Description, VpcId, Ingress: [], Egress: openEgress(), Tags })
    return { GroupId, Tags, SecurityGroupArn: arn(cloud, GroupId) }
  },

  DescribeSecurityGroups: describe('SecurityGroups', {
    kind: 'securityGroup',
    all: (cloud) => cloud.store.list('securityGroup').map((group) => wire(group, cloud)),
    filters: ['group-id', 'group-name', 'vpc-id', 'description', 'owner-id', 'ip-permission.from-port', 'ip-permission.to-port'],
    also: {
      'ip-permission.cidr': 'IpPermissions.IpRanges.CidrIp',
      'ip-permission.group-id': 'IpPermissions.UserIdGroupPairs.GroupId',
      'egress.ip-permission.group-id': 'IpPermissionsEgress.UserIdGroupPairs.GroupId',
    },
  }),

  DeleteSecurityGroup({ GroupId = '', GroupName }, { cloud: { store } }) {
    if (GroupName !== undefined && GroupId === '') throw new ApiError('MissingParameter', 'A group in a VPC is deleted by its groupId')
    const group = find(store, 'securityGroup', GroupId)
    if (group.GroupName === 'default')
      throw new ApiError('CannotDelete', `the specified group: "${GroupId}" name: "default" cannot be deleted by a user`)
    const others = store.list('securityGroup').filter((other) => other.GroupId !== GroupId)
    const used =
      liveInstances(store).some(({ SecurityGroupIds }) => SecurityGroupIds.includes(GroupId)) ||
      liveEndpoints(store).some(({ GroupIds }) => GroupIds.includes(GroupId)) ||
      others.some(({ Ingress, Egress }) => [...Ingress, ...Egress].some(({ ReferencedGroupId }) => ReferencedGroupId === GroupId))
    if (used) throw new ApiError('DependencyViolation', `resource ${GroupId} has a dependent object`)
    store.delete('securityGroup', GroupId)
    return { Return: true, GroupId }
  },
} satisfies Actions<EC2>

function wire({ Ingress, Egress, ...group }: SecurityGroup, cloud: Cloud): WireGroup {
  return {
    ...group,
    OwnerId: cloud.accountId,
    SecurityGroupArn: arn(cloud, group.GroupId),
    IpPermissions: permissions(Ingress, cloud.accountId),
    IpPermissionsEgress: permissions(Egress, cloud.accountId),
  }
}

function arn({ region, accountId }: Cloud, id: string): string {
  return `arn:aws:ec2:${region}:${accountId}:security-group/${id}`
}
