/**
 * Service Quotas: how much the account may have of what this cloud makes, told and raised by AWS's own calls. The calls
 * of EC2 that make something ask here.
 */
import type { ServiceQuota } from '@aws-sdk/client-service-quotas'
import { ApiError, type Cloud, type Store } from '../cloud.ts'

export interface Quota {
  readonly service: keyof typeof serviceNames
  readonly code: string
  readonly name: string
  /** What AWS gives everybody. */
  readonly default: number
  /** What this account has been given from the start, where it is more than the default. */
  readonly initial?: number
}

const serviceNames = {
  ec2: 'Amazon Elastic Compute Cloud (Amazon EC2)',
  vpc: 'Amazon Virtual Private Cloud (Amazon VPC)',
} as const

/**
 * The quotas that this cloud enforces. https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html,
 * https://docs.aws.amazon.com/general/latest/gr/ec2-service.html#limits_ec2
 */
export const quotas = {
  vpcs: { service: 'vpc', code: 'L-F678F1CE', name: 'VPCs per Region', default: 5 },
  addresses: { service: 'ec2', code: 'L-0263D0A3', name: 'EC2-VPC Elastic IPs', default: 5 },
  /**
   * The default of five is what AWS documents; accounts in use have more. Here it is twenty instances of the common
   * size of two vCPUs.
   */
  standardVcpus: {
    service: 'ec2',
    code: 'L-1216C47A',
    name: 'Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances',
    default: 5,
    initial: 40,
  },
} as const satisfies Record<string, Quota>

/** The quotas of a service, in the order of their codes. Throws ApiError NoSuchResourceException. */
export function quotasOf(service: string): readonly Quota[] {
  const found = Object.values<Quota>(quotas).filter((quota) => quota.service === service)
  if (found.length === 0) throw noSuchResource('The request failed because the specified service does not exist.')
  return found.sort((a, b) => (a.code < b.code ? -1 : 1))
}

/** The quota with this code. Throws ApiError NoSuchResourceException. */
export function findQuota(service: string, code: string): Quota {
  const found = quotasOf(service).find((quota) => quota.code === code)
  if (!found) throw noSuchResource('The request failed because the specified quota and service do not exist.')
  return found
}

/** How much the account may have just now, in the quota's own unit: what was last granted to it. */
export function appliedValue(store: Store, quota: Quota): number {
  const granted = store
    .list('quotaChange')
    .filter(({ ServiceCode, QuotaCode }) => ServiceCode === quota.service && QuotaCode === quota.code)
  return granted.at(-1)?.DesiredValue ?? quota.initial ?? quota.default
}

/** The ARN of a quota; that of a default belongs to no account. */
export function quotaArn({ region }: Cloud, { service, code }: { service: string; code: string }, accountId: string): string {
  return `arn:aws:servicequotas:${region}:${accountId}:${service}/${code}`
}

/** What an answer says of a quota, whatever its value. */
export function wireQuota({ service, code, name }: Quota) {
  return {
    ServiceCode: service,
    ServiceName: serviceNames[service],
    QuotaCode: code,
    QuotaName: name,
    Unit: 'None',
    GlobalQuota: false,
  } satisfies ServiceQuota
}

/** Service Quotas' refusal of what names nothing. */
export function noSuchResource(message: string): ApiError {
  return new ApiError('NoSuchResourceException', message)
}
