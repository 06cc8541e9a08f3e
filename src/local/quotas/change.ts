import { randomBytes } from 'node:crypto'
import type {
  GetRequestedServiceQuotaChangeRequest,
  GetRequestedServiceQuotaChangeResponse,
  ListRequestedServiceQuotaChangeHistoryByQuotaRequest,
  ListRequestedServiceQuotaChangeHistoryByQuotaResponse,
  RequestedServiceQuotaChange,
  RequestServiceQuotaIncreaseRequest,
  RequestServiceQuotaIncreaseResponse,
} from '@aws-sdk/client-service-quotas'
import type { Call, Cloud } from '../cloud.ts'
import { checkCodes, illegal, pageOf } from './input.ts'
import { appliedValue, findQuota, noSuchResource, quotaArn, wireQuota } from './quota.ts'

/** A request for more, which is at the same time what was granted. */
interface QuotaChange {
  Id: string
  ServiceCode: string
  QuotaCode: string
  DesiredValue: number
  /** ISO 8601. */
  Created: string
  /** ARN of who asked. */
  Requester: string
}

/** https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_RequestServiceQuotaIncrease.html */
const greatestValue = 10_000_000_000

export const quotaChangeActions = {
  /**
   * AWS answers PENDING and decides in minutes to days, often by a support case; here the increase is approved at once and holds from the next call on.
   * So no request is ever open, and AWS's refusal of a second one (ResourceAlreadyExistsException) cannot come.
   */
  RequestServiceQuotaIncrease(input: RequestServiceQuotaIncreaseRequest, { cloud, caller }: Call): RequestServiceQuotaIncreaseResponse {
    const { store, accountId } = cloud
    const [service, code] = checkCodes(input)
    cloud.authorize(caller, 'servicequotas:RequestServiceQuotaIncrease', quotaArn(cloud, { service, code }, accountId))
    const quota = findQuota(service, code)
    const { DesiredValue, ContextId } = input
    if (ContextId !== undefined) throw illegal('The quota applies to the account as a whole: it has no context.')
    if (typeof DesiredValue !== 'number' || !(DesiredValue >= 0 && DesiredValue <= greatestValue)) {
      throw illegal(
        `1 validation error detected: Value '${DesiredValue ?? 'null'}' at 'desiredValue' failed to satisfy constraint: Member must be from 0 to ${greatestValue}`,
      )
    }
    return store.transaction(() => {
      if (DesiredValue <= appliedValue(store, quota)) throw illegal('You must provide a quota value greater than the current quota value')
      const change: QuotaChange = {
        Id: randomBytes(20).toString('hex'),
        ServiceCode: service,
        QuotaCode: code,
        DesiredValue,
        Created: new Date().toISOString(),
        Requester: caller.arn,
      }
      store.put('quotaChange', change.Id, change)
      return { RequestedQuota: wire(change, cloud) }
    })
  },

  GetRequestedServiceQuotaChange(
    { RequestId }: GetRequestedServiceQuotaChangeRequest,
    { cloud, caller }: Call,
  ): GetRequestedServiceQuotaChangeResponse {
    cloud.authorize(caller, 'servicequotas:GetRequestedServiceQuotaChange', '*')
    const change = cloud.store.get('quotaChange', String(RequestId))
    if (!change) throw noSuchResource('The request failed because the specified quota increase request does not exist.')
    return { RequestedQuota: wire(change, cloud) }
  },

  ListRequestedServiceQuotaChangeHistoryByQuota(
    input: ListRequestedServiceQuotaChangeHistoryByQuotaRequest,
    { cloud, caller }: Call,
  ): ListRequestedServiceQuotaChangeHistoryByQuotaResponse {
    cloud.authorize(caller, 'servicequotas:ListRequestedServiceQuotaChangeHistoryByQuota', '*')
    const quota = findQuota(...checkCodes(input))
    const { Status = 'APPROVED', QuotaRequestedAtLevel = 'ACCOUNT' } = input
    const changes = cloud.store.list('quotaChange').filter(({ ServiceCode, QuotaCode }) => {
      const wanted = Status === 'APPROVED' && QuotaRequestedAtLevel !== 'RESOURCE'
      return wanted && ServiceCode === quota.service && QuotaCode === quota.code
    })
    const { items, NextToken } = pageOf(changes, input)
    return { RequestedQuotas: items.map((change) => wire(change, cloud)), ...(NextToken && { NextToken }) }
  },
}

function wire({ Requester, Created, ...change }: QuotaChange, cloud: Cloud): RequestedServiceQuotaChange {
  const { accountId } = cloud
  const quota = findQuota(change.ServiceCode, change.QuotaCode)
  return {
    ...wireQuota(quota),
    ...change,
    Status: 'APPROVED',
    Created: new Date(Created),
    LastUpdated: new Date(Created),
    // AWS has JSON in this text.
    Requester: JSON.stringify({ accountId, callerArn: Requester }),
    QuotaArn: quotaArn(cloud, quota, accountId),
    QuotaRequestedAtLevel: 'ACCOUNT',
  }
}
