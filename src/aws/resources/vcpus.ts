import type { Clients } from '../clients.ts'

/**
 * Whether a type counts against the quota of running on-demand standard instances: families whose names begin with A,
 * C, D, H, I, M, R, T or Z, without those that have a quota to themselves.
 * https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
 */
export function isStandard(type: string): boolean {
  return /^(?!inf|trn|dl|hpc|mac)[acdhimrtz]/.test(type)
}

/** The vCPUs of all instances of an account that count against that quota, whosever they are. */
export async function standardVcpus(clients: Clients): Promise<number> {
  const { paginateDescribeInstances, paginateDescribeInstanceTypes } = await import('@aws-sdk/client-ec2')
  const client = await clients.ec2()
  const counted = new Map<string, number>()
  const Filters = [{ Name: 'instance-state-name', Values: ['pending', 'running'] }]
  for await (const page of paginateDescribeInstances({ client }, { Filters }))
    for (const { InstanceType = '', InstanceLifecycle } of (page.Reservations ?? []).flatMap(({ Instances = [] }) => Instances))
      if (InstanceLifecycle !== 'spot' && isStandard(InstanceType)) counted.set(InstanceType, (counted.get(InstanceType) ?? 0) + 1)
  if (counted.size === 0) return 0
  let sum = 0
  const types = [{ Name: 'instance-type', Values: [...counted.keys()] }]
  for await (const page of paginateDescribeInstanceTypes({ client }, { Filters: types }))
    for (const { InstanceType = '', VCpuInfo } of page.InstanceTypes ?? [])
      sum += (counted.get(InstanceType) ?? 0) * (VCpuInfo?.DefaultVCpus ?? 0)
  return sum
}
