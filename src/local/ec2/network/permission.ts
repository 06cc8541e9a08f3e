import type { AuthorizeSecurityGroupIngressRequest, IpPermission } from '@aws-sdk/client-ec2'
import { ApiError } from '../../cloud.ts'
import type { Permission, Rule, Tag } from '../../records.ts'
import { newId } from '../kinds.ts'
import { formatCidr, parseCidr } from './cidr.ts'

/** The flat form of one permission, from before a call could hold several. */
type FlatPermission = Pick<AuthorizeSecurityGroupIngressRequest, 'IpProtocol' | 'FromPort' | 'ToPort' | 'CidrIp'>

export function newRule(permission: Permission, Tags: Tag[] = []): Rule {
  return { ...permission, SecurityGroupRuleId: newId('securityGroupRule'), Tags }
}

/**
 * One rule for each source that the permissions of a call name, without ids.
 * @throws ApiError where AWS would refuse a protocol, a port or a source
 */
export function parsePermissions(given: readonly IpPermission[] | undefined, flat: FlatPermission): Permission[] {
  const { IpProtocol, FromPort, ToPort, CidrIp } = flat
  const fromFlat = CidrIp === undefined ? [] : [{ IpProtocol, FromPort, ToPort, IpRanges: [{ CidrIp }] }]
  const all = [...(given ?? []), ...fromFlat]
  if (all.length === 0) throw new ApiError('MissingParameter', 'Either ipPermissions or cidrIp should be provided.')
  const rules = all.flatMap(parsePermission)
  if (rules.length === 0) throw new ApiError('InvalidParameterValue', 'A permission must name a source.')
  return rules
}

function parsePermission(given: IpPermission): Permission[] {
  const { IpProtocol = '', FromPort, ToPort, IpRanges = [], Ipv6Ranges = [], UserIdGroupPairs = [], PrefixListIds } = given
  const named: Record<string, string> = { 6: 'tcp', 17: 'udp', 1: 'icmp' }
  const protocol = named[IpProtocol] ?? IpProtocol.toLowerCase()
  if (!['tcp', 'udp', 'icmp', '-1'].includes(protocol))
    throw new ApiError('InvalidPermission.Malformed', `Unsupported IP protocol "${IpProtocol}"  - supported: [tcp, udp, icmp, -1]`)
  if (PrefixListIds?.length) throw new ApiError('InvalidPrefixListID.NotFound', 'The embedded cloud has no prefix lists.')
  const ports = protocol === '-1' ? {} : parsePorts(protocol, FromPort, ToPort)
  const rule = (source: object, Description?: string) => ({
    IpProtocol: protocol,
    ...ports,
    ...source,
    ...(Description && { Description }),
  })
  return [
    ...IpRanges.map(({ CidrIp = '', Description }) => rule({ CidrIpv4: exactCidr(CidrIp) }, Description)),
    ...Ipv6Ranges.map(({ CidrIpv6 = '', Description }) => rule({ CidrIpv6 }, Description)),
    ...UserIdGroupPairs.map(({ GroupId = '', Description }) => rule({ ReferencedGroupId: GroupId }, Description)),
  ]
}

function parsePorts(protocol: string, FromPort: number | undefined, ToPort: number | undefined) {
  if (FromPort === undefined || ToPort === undefined)
    throw new ApiError('InvalidParameterValue', `Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.`)
  const least = protocol === 'icmp' ? -1 : 0
  for (const port of [FromPort, ToPort]) {
    if (!Number.isInteger(port) || port < least || port > 65535)
      throw new ApiError('InvalidParameterValue', `Invalid value '${port}' for portRange.`)
  }
  if (protocol !== 'icmp' && FromPort > ToPort)
    throw new ApiError('InvalidParameterValue', `Invalid TCP/UDP port range (${FromPort}:${ToPort})`)
  return { FromPort, ToPort }
}

/** AWS cuts the bits behind the prefix away here too. */
function exactCidr(text: string): string {
  try {
    return formatCidr(parseCidr(text))
  } catch {
    throw new ApiError('InvalidParameterValue', `CIDR block ${text} is malformed`)
  }
}

/** Two rules with the same key admit the same. */
export function ruleKey({ IpProtocol, FromPort, ToPort, CidrIpv4, CidrIpv6, ReferencedGroupId }: Permission): string {
  return [IpProtocol, FromPort, ToPort, CidrIpv4, CidrIpv6, ReferencedGroupId].join('|')
}

/** A rule in AWS's words, for a refusal. */
export function describeRule({ IpProtocol, FromPort, ToPort, CidrIpv4, CidrIpv6, ReferencedGroupId }: Permission): string {
  const ports = IpProtocol === '-1' ? 'ALL' : `${IpProtocol.toUpperCase()}, from port: ${FromPort}, to port: ${ToPort}`
  return `"peer: ${CidrIpv4 ?? CidrIpv6 ?? ReferencedGroupId}, ${ports}, ALLOW"`
}

/** Rules in the shape of DescribeSecurityGroups: one permission for all rules of the same protocol and ports. */
export function permissions(rules: readonly Rule[], accountId: string): IpPermission[] {
  const grouped = Map.groupBy(rules, ({ IpProtocol, FromPort, ToPort }) => [IpProtocol, FromPort, ToPort].join('|'))
  return [...grouped.values()].map((same) => {
    const { IpProtocol, FromPort, ToPort } = same[0] as Rule
    return {
      IpProtocol,
      FromPort,
      ToPort,
      UserIdGroupPairs: same.flatMap(({ ReferencedGroupId: GroupId, Description }) =>
        GroupId ? [{ GroupId, UserId: accountId, Description }] : [],
      ),
      IpRanges: same.flatMap(({ CidrIpv4: CidrIp, Description }) => (CidrIp ? [{ CidrIp, Description }] : [])),
      Ipv6Ranges: same.flatMap(({ CidrIpv6, Description }) => (CidrIpv6 === undefined ? [] : [{ CidrIpv6, Description }])),
      PrefixListIds: [],
    }
  })
}
