import type { CreditSpecificationRequest, EC2 } from '@aws-sdk/client-ec2'
import { type Actions, ApiError } from '../../cloud.ts'
import { find } from '../kinds.ts'
import type { InstanceType } from './instance-type.ts'

/**
 * Which option an instance gets: what was asked for, else its family's default (EC2 user guide: `unlimited` for T3, T3a
 * and T4g, `standard` for T2).
 *
 * @returns undefined for a type that has no CPU credits
 * @throws ApiError for an option that is none, or of a type that has no credits
 */
export function creditsOf({ name, burstable }: InstanceType, asked: CreditSpecificationRequest | undefined): string | undefined {
  if (!asked) return burstable ? (name.startsWith('t2.') ? 'standard' : 'unlimited') : undefined
  if (!burstable) throw new ApiError('InstanceCreditSpecification.NotSupported', `The ${name} instance type does not support T2 Unlimited.`)
  const { CpuCredits } = asked
  if (CpuCredits === 'standard' || CpuCredits === 'unlimited') return CpuCredits
  throw new ApiError('InvalidParameterValue', `Invalid value '${CpuCredits}' for CpuCredits. Valid values are: standard, unlimited.`)
}

export const creditActions = {
  /** Of instances that are named; of the others, AWS shows those that are `unlimited`. */
  DescribeInstanceCreditSpecifications({ InstanceIds = [], Filters, MaxResults, NextToken }, { cloud: { store } }) {
    if (Filters || MaxResults !== undefined || NextToken !== undefined)
      throw new ApiError('UnsupportedOperation', 'The embedded cloud shows credit specifications without filters and pages.')
    const shown =
      InstanceIds.length > 0
        ? InstanceIds.map((id) => find(store, 'instance', id))
        : store.list('instance').filter(({ State, CpuCredits }) => State !== 'terminated' && CpuCredits === 'unlimited')
    return { InstanceCreditSpecifications: shown.map(({ InstanceId, CpuCredits = 'standard' }) => ({ InstanceId, CpuCredits })) }
  },
} satisfies Actions<EC2>
