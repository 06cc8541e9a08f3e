import { randomBytes } from 'node:crypto'
import type { RequestedServiceQuotaChange, ServiceQuotas } from '@aws-sdk/client-service-quotas'
import { type Actions, type Cloud, refuse } from '../cloud.ts'
import type { QuotaChange } from '../records.ts'
import { checkCodes, illegal, pageOf } from './input.ts'
import { appliedValue, findQuota, noSuchResource, quotaArn, wireQuota } from './quota.ts'

/** https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_RequestServiceQuotaIncrease.html */
const greatestValue = 10_000_000_000

export const quotaChangeActions = {
  /**
   * AWS answers PENDING and decides in minutes to days, often by a support case; here the increase is approved at once
   * and holds from the next call on. So no request is ever open, and AWS's refusal of a second one
   * (ResourceAlreadyExistsException) cannot come.
   */
  RequestServiceQuotaIncrease(input, { cloud, caller }) {
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

  GetRequestedServiceQuotaChange({ RequestId }, { cloud, caller }) {
    cloud.authorize(caller, 'servicequotas:GetRequestedServiceQuotaChange', '*')
    const absent = noSuchResource('The request failed because the specified quota increase request does not exist.')
    return { RequestedQuota: wire(cloud.store.get('quotaChange', String(RequestId)) ?? refuse(absent), cloud) }
  },

  ListRequestedServiceQuotaChangeHistoryByQuota(input, { cloud, caller }) {
    cloud.authorize(caller, 'servicequotas:ListRequestedServiceQuotaChangeHistoryByQuota', '*')
    const quota = findQuota(...checkCodes(input))
    const { Status = 'APPROVED', QuotaRequestedAtLevel = 'ACCOUNT' } = input
    const changes = cloud.store.list('quotaChange').filter(({ ServiceCode, QuotaCode }) => {
      const wanted = Status === 'APPROVED' && QuotaRequestedAtLevel !== 'RESOURCE'
      return wanted && ServiceCode === quota.service && QuotaCode === quota.code
    })
    const { items, NextToken } = pageOf(changes, input)
    return { RequestedQuotas: items.map((change) => wire(change, cloud)), NextToken }
  },
} satisfies Actions<ServiceQuotas>

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
