import type { ServiceQuota, ServiceQuotas } from '@aws-sdk/client-service-quotas'
import type { Actions, Cloud } from '../cloud.ts'
import { quotaChangeActions } from './change.ts'
import { checkCode, checkCodes, pageOf } from './input.ts'
import { appliedValue, findQuota, noSuchResource, type Quota, quotaArn, quotasOf, wireQuota } from './quota.ts'

/**
 * The part of Service Quotas that the embedded cloud has:
 * https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/Welcome.html. Of its actions only the request for
 * more is about a single quota to a policy; the others are allowed or not as a whole.
 */
export const serviceQuotas = {
  ...quotaChangeActions,

  GetServiceQuota(input, { cloud, caller }) {
    cloud.authorize(caller, 'servicequotas:GetServiceQuota', '*')
    const quota = findQuota(...checkCodes(input))
    // No quota of this cloud is one of single resources.
    if (input.ContextId !== undefined)
      throw noSuchResource('The request failed because applied value for the specified context Id do not exist.')
    return { Quota: applied(quota, cloud) }
  },

  ListServiceQuotas(input, { cloud, caller }) {
    cloud.authorize(caller, 'servicequotas:ListServiceQuotas', '*')
    const { QuotaCode, QuotaAppliedAtLevel } = input
    const ofService = quotasOf(checkCode('serviceCode', input.ServiceCode, 63))
    const wanted = ofService.filter(({ code }) => QuotaAppliedAtLevel !== 'RESOURCE' && (QuotaCode === undefined || code === QuotaCode))
    const { items, NextToken } = pageOf(wanted, input)
    return { Quotas: items.map((quota) => applied(quota, cloud)), NextToken }
  },

  GetAWSDefaultServiceQuota(input, { cloud, caller }) {
    cloud.authorize(caller, 'servicequotas:GetAWSDefaultServiceQuota', '*')
    const quota = findQuota(...checkCodes(input))
    return { Quota: { ...wireQuota(quota), QuotaArn: quotaArn(cloud, quota, ''), Value: quota.default, Adjustable: true } }
  },
} satisfies Actions<ServiceQuotas>

function applied(quota: Quota, cloud: Cloud): ServiceQuota {
  const [QuotaArn, Value] = [quotaArn(cloud, quota, cloud.accountId), appliedValue(cloud.store, quota)]
  return { ...wireQuota(quota), QuotaArn, Value, Adjustable: true, QuotaAppliedAtLevel: 'ACCOUNT' }
}
