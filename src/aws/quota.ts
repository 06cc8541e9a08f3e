import type { Clients } from './clients.ts'
import { codeOf, isLacking } from './errors.ts'

/** How much of something an account may have in a region, by the names of Service Quotas. */
export interface Quota {
  readonly service: string
  readonly code: string
  /** What an account has before it asks for more. AWS gives some accounts more or less from the start. */
  readonly default: number
}

/** https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html, "VPCs per Region" */
export const vpcQuota: Quota = { service: 'vpc', code: 'L-F678F1CE', default: 5 }

/** https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html, "Elastic IP addresses per Region" */
export const addressQuota: Quota = { service: 'ec2', code: 'L-0263D0A3', default: 5 }

/**
 * vCPUs of all running on-demand instances of the types that begin with A, C, D, H, I, M, R, T or Z.
 * https://docs.aws.amazon.com/general/latest/gr/ec2-service.html#limits_ec2
 */
export const standardVcpuQuota: Quota = { service: 'ec2', code: 'L-1216C47A', default: 5 }

/**
 * What applies to this account in the clients' region, in the quota's own unit (VPCs, addresses, vCPUs).
 * @returns undefined where nobody can tell: the control plane has no Service Quotas or does not know this quota, or AWS
 *   has never applied a value of the account's own, so that the default holds
 *   (https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html)
 * @throws what AWS refuses for another reason, such as a missing permission `servicequotas:GetServiceQuota`
 */
export async function readQuota(clients: Clients, { service, code }: Pick<Quota, 'service' | 'code'>): Promise<number | undefined> {
  const quotas = await clients.quotas()
  try {
    const { Quota } = await quotas.getServiceQuota({ ServiceCode: service, QuotaCode: code })
    return Quota?.Value
  } catch (error) {
    if (isLacking(error) || codeOf(error) === 'NoSuchResourceException') return undefined
    throw error
  }
}
