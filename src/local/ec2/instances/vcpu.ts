import { ApiError, type Store } from '../../cloud.ts'
import { appliedValue, quotas } from '../../quotas/quota.ts'
import { findInstanceType } from './instance-type.ts'

/**
 * How many vCPUs more the account may run: its quota less those of all instances but the stopped and the terminated.
 * All types of this cloud are of the families to which that one quota applies.
 */
export function freeVcpus(store: Store): number {
  const running = store.list('instance').filter(({ State }) => State !== 'stopped' && State !== 'terminated')
  const used = running.reduce((sum, { InstanceType }) => sum + findInstanceType(InstanceType).vCpus, 0)
  return appliedValue(store, quotas.standardVcpus) - used
}

/** AWS's refusal to run more. */
export function vcpuLimitExceeded(store: Store): ApiError {
  const limit = appliedValue(store, quotas.standardVcpus)
  return new ApiError(
    'VcpuLimitExceeded',
    `You have requested more vCPU capacity than your current vCPU limit of ${limit} allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.`,
  )
}
