import type { AuthorizeSecurityGroupIngressRequest, EC2, RevokeSecurityGroupIngressRequest, SecurityGroupRule } from '@aws-sdk/client-ec2'
import { type Actions, ApiError, type Call, type Cloud, refuse } from '../../cloud.ts'
import type { Rule, SecurityGroup } from '../../records.ts'
import { describe } from '../describe.ts'
import { find, notFound } from '../kinds.ts'
import { tagsFor } from '../tag.ts'
import { describeRule, newRule, parsePermissions, ruleKey } from './permission.ts'

/** Which of a group's two lists a call is about. */
type Direction = 'Ingress' | 'Egress'

/**
 * AWS's limit of rules for each direction of a group:
 * https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
 */
const limit = 60

const authorize =
  (direction: Direction) =>
  (input: AuthorizeSecurityGroupIngressRequest, { cloud }: Call) => {
    const { store } = cloud
    const group = find(store, 'securityGroup', groupId(input))
    const asked = parsePermissions(input.IpPermissions, input)
    const tags = tagsFor('security-group-rule', input.TagSpecifications)
    const present = new Set(group[direction].map(ruleKey))
    for (const permission of asked) {
      if (present.has(ruleKey(permission)))
        throw new ApiError('InvalidPermission.Duplicate', `the specified rule ${describeRule(permission)} already exists`)
      present.add(ruleKey(permission))
      const { ReferencedGroupId: other } = permission
      if (other && find(store, 'securityGroup', other).VpcId !== group.VpcId) throw notFound('securityGroup', other)
    }
    const added = asked.map((permission) => newRule(permission, tags))
    const rules = [...group[direction], ...added]
    if (rules.length > limit)
      throw new ApiError('RulesPerSecurityGroupLimitExceeded', 'The maximum number of rules per security group has been reached.')
    store.put('securityGroup', group.GroupId, { ...group, [direction]: rules })
    return { Return: true, SecurityGroupRules: added.map((rule) => wire(rule, group, direction, cloud)) }
  }

const revoke =
  (direction: Direction) =>
  (input: RevokeSecurityGroupIngressRequest, { cloud: { store } }: Call) => {
    const group = find(store, 'securityGroup', groupId(input))
    const rules = group[direction]
    const ids = input.SecurityGroupRuleIds
    const gone = ids?.length
      ? ids.map((id) => rules.find(({ SecurityGroupRuleId }) => SecurityGroupRuleId === id) ?? refuse(notFound('securityGroupRule', id)))
      : parsePermissions(input.IpPermissions, input).map((permission) => {
          const absent = new ApiError('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.')
          return rules.find((rule) => ruleKey(rule) === ruleKey(permission)) ?? refuse(absent)
        })
    store.put('securityGroup', group.GroupId, { ...group, [direction]: rules.filter((rule) => !gone.includes(rule)) })
    return { Return: true }
  }

function groupId({ GroupId, GroupName }: { GroupId?: string | undefined; GroupName?: string | undefined }): string {
  const other = GroupName ? '; a group in a VPC has no other handle' : ''
  return GroupId ?? refuse(new ApiError('MissingParameter', `The request must contain the parameter GroupId${other}`))
}

export const securityGroupRuleActions = {
  AuthorizeSecurityGroupIngress: authorize('Ingress'),
  AuthorizeSecurityGroupEgress: authorize('Egress'),
  RevokeSecurityGroupIngress: revoke('Ingress'),
  RevokeSecurityGroupEgress: revoke('Egress'),

  DescribeSecurityGroupRules: describe('SecurityGroupRules', {
    kind: 'securityGroupRule',
    all: (cloud) =>
      cloud.store
        .list('securityGroup')
        .flatMap((group) =>
          (['Ingress', 'Egress'] as const).flatMap((direction) => group[direction].map((rule) => wire(rule, group, direction, cloud))),
        ),
    filters: ['group-id', 'security-group-rule-id'],
  }),
} satisfies Actions<EC2>

function wire(
  { CidrIpv4, CidrIpv6, ReferencedGroupId, ...rule }: Rule,
  { GroupId }: SecurityGroup,
  direction: Direction,
  { accountId, region }: Cloud,
): SecurityGroupRule {
  return {
    ...rule,
    SecurityGroupRuleArn: `arn:aws:ec2:${region}:${accountId}:security-group-rule/${rule.SecurityGroupRuleId}`,
    GroupId,
    GroupOwnerId: accountId,
    IsEgress: direction === 'Egress',
    FromPort: rule.FromPort ?? -1,
    ToPort: rule.ToPort ?? -1,
    CidrIpv4,
    CidrIpv6,
    ReferencedGroupInfo: ReferencedGroupId ? { GroupId: ReferencedGroupId, UserId: accountId } : undefined,
  }
}
