import type {
  AuthorizeSecurityGroupIngressRequest,
  AuthorizeSecurityGroupIngressResult,
  DescribeSecurityGroupRulesRequest,
  DescribeSecurityGroupRulesResult,
  RevokeSecurityGroupIngressRequest,
  RevokeSecurityGroupIngressResult,
  SecurityGroupRule as WireRule,
} from '@aws-sdk/client-ec2'
import type { Call, Cloud } from '../cloud.ts'
import { ApiError } from '../cloud.ts'
import type { Rule, SecurityGroup } from '../records.ts'
import { notFound } from './id.ts'
import { describeRule, newRule, parsePermissions, ruleKey } from './permission.ts'
import { findGroup } from './security-group.ts'
import { named, select } from './select.ts'
import { tagsFor } from './tag.ts'

/** Which of a group's two lists a call is about. */
type Direction = 'Ingress' | 'Egress'

/** AWS's limit of rules for each direction of a group: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html */
const limit = 60

function authorize(
  input: AuthorizeSecurityGroupIngressRequest,
  { cloud }: Call,
  direction: Direction,
): AuthorizeSecurityGroupIngressResult {
  const group = findGroup(cloud.store, groupId(input))
  const asked = parsePermissions(input.IpPermissions, input)
  const tags = tagsFor('security-group-rule', input.TagSpecifications)
  const present = new Set(group[direction].map(ruleKey))
  for (const rule of asked) {
    if (present.has(ruleKey(rule))) {
      throw new ApiError('InvalidPermission.Duplicate', `the specified rule ${describeRule(rule)} already exists`)
    }
    present.add(ruleKey(rule))
    if (rule.ReferencedGroupId && findGroup(cloud.store, rule.ReferencedGroupId).VpcId !== group.VpcId)
      throw notFound('securityGroup', rule.ReferencedGroupId)
  }
  const added = asked.map((rule) => newRule(rule, tags))
  const rules = [...group[direction], ...added]
  if (rules.length > limit)
    throw new ApiError('RulesPerSecurityGroupLimitExceeded', 'The maximum number of rules per security group has been reached.')
  cloud.store.put('securityGroup', group.GroupId, { ...group, [direction]: rules })
  return { Return: true, SecurityGroupRules: added.map((rule) => wire(rule, group, direction === 'Egress', cloud)) }
}

function revoke(input: RevokeSecurityGroupIngressRequest, { cloud }: Call, direction: Direction): RevokeSecurityGroupIngressResult {
  const group = findGroup(cloud.store, groupId(input))
  const ids = input.SecurityGroupRuleIds
  const gone = ids?.length
    ? ids.map(
        (id) =>
          group[direction].find(({ SecurityGroupRuleId }) => SecurityGroupRuleId === id) ?? missing(notFound('securityGroupRule', id)),
      )
    : parsePermissions(input.IpPermissions, input).map((rule) => {
        const same = group[direction].find((each) => ruleKey(each) === ruleKey(rule))
        return same ?? missing(new ApiError('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.'))
      })
  cloud.store.put('securityGroup', group.GroupId, { ...group, [direction]: group[direction].filter((rule) => !gone.includes(rule)) })
  return { Return: true }
}

function missing(error: ApiError): never {
  throw error
}

function groupId({ GroupId, GroupName }: { GroupId?: string | undefined; GroupName?: string | undefined }): string {
  if (GroupId === undefined)
    throw new ApiError(
      'MissingParameter',
      `The request must contain the parameter GroupId${GroupName ? '; a group in a VPC has no other handle' : ''}`,
    )
  return GroupId
}

export const securityGroupRuleActions = {
  AuthorizeSecurityGroupIngress: (input: AuthorizeSecurityGroupIngressRequest, call: Call) => authorize(input, call, 'Ingress'),
  AuthorizeSecurityGroupEgress: (input: AuthorizeSecurityGroupIngressRequest, call: Call) => authorize(input, call, 'Egress'),
  RevokeSecurityGroupIngress: (input: RevokeSecurityGroupIngressRequest, call: Call) => revoke(input, call, 'Ingress'),
  RevokeSecurityGroupEgress: (input: RevokeSecurityGroupIngressRequest, call: Call) => revoke(input, call, 'Egress'),

  DescribeSecurityGroupRules(input: DescribeSecurityGroupRulesRequest, { cloud }: Call): DescribeSecurityGroupRulesResult {
    const all = cloud.store
      .list('securityGroup')
      .flatMap((group) => [
        ...group.Ingress.map((rule) => wire(rule, group, false, cloud)),
        ...group.Egress.map((rule) => wire(rule, group, true, cloud)),
      ])
    const find = (id: string) =>
      all.find(({ SecurityGroupRuleId }) => SecurityGroupRuleId === id) ?? missing(notFound('securityGroupRule', id))
    const { items, NextToken } = select(
      named(input.SecurityGroupRuleIds, () => all, find),
      input,
      {
        id: ({ SecurityGroupRuleId }) => SecurityGroupRuleId,
        filters: { 'group-id': ({ GroupId }) => GroupId, 'security-group-rule-id': ({ SecurityGroupRuleId }) => SecurityGroupRuleId },
      },
    )
    return { SecurityGroupRules: items, NextToken }
  },
}

function wire(rule: Rule, { GroupId }: SecurityGroup, IsEgress: boolean, { accountId, region }: Cloud) {
  const { SecurityGroupRuleId, IpProtocol, FromPort, ToPort, CidrIpv4, CidrIpv6, ReferencedGroupId, Description, Tags } = rule
  return {
    SecurityGroupRuleId: String(SecurityGroupRuleId),
    SecurityGroupRuleArn: `arn:aws:ec2:${region}:${accountId}:security-group-rule/${SecurityGroupRuleId}`,
    GroupId,
    GroupOwnerId: accountId,
    IsEgress,
    IpProtocol,
    FromPort: FromPort ?? -1,
    ToPort: ToPort ?? -1,
    CidrIpv4,
    CidrIpv6: CidrIpv6 as string | undefined,
    Description: Description as string | undefined,
    ReferencedGroupInfo: ReferencedGroupId ? { GroupId: ReferencedGroupId, UserId: accountId } : undefined,
    Tags: (Tags ?? []) as { Key: string; Value: string }[],
  } satisfies WireRule
}
