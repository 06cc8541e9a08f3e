import { isBlocked, isNotFound } from '../errors.ts'
import type { Context, Waiting } from '../graph/resource.ts'
import { until } from '../retry.ts'

/**
 * Removes from a VPC of ours what GuardDuty's Runtime Monitoring puts into every VPC with instances and leaves there:
 * the endpoint of its service and the endpoint's security group, both known by their names. They keep the VPC from
 * being removed, and GuardDuty itself does not take them back. Whatever else others have made there is left alone.
 * https://docs.aws.amazon.com/guardduty/latest/ug/runtime-monitoring-agent-resource-clean-up.html
 */
export async function removeGuardDuty(vpcId: string, { clients, signal, alsoRemoved }: Context, waiting: Waiting): Promise<void> {
  const ec2 = await clients.ec2()
  const inside = { Name: 'vpc-id', Values: [vpcId] }
  const endpoints = async () => {
    const { VpcEndpoints = [] } = await ec2.describeVpcEndpoints({ Filters: [inside] })
    return VpcEndpoints.filter(({ ServiceName }) => /\.guardduty-data(-fips)?$/.test(ServiceName ?? '')).map((each) => each.VpcEndpointId!)
  }
  const ids = await endpoints()
  if (ids.length > 0) {
    waiting(`removing what GuardDuty left: ${ids.join(', ')}`)
    const { Unsuccessful = [] } = await ec2.deleteVpcEndpoints({ VpcEndpointIds: ids })
    const refused = Unsuccessful.find(({ Error: why }) => !/NotFound/.test(why?.Code ?? ''))
    if (refused) {
      const { Code: name = 'Unknown', Message: message } = refused.Error ?? {}
      throw Object.assign(new Error(`${refused.ResourceId}: ${message}`), { name, $metadata: {} })
    }
    // Its interfaces hold the subnets until it is gone, a minute or so.
    await until(async () => ((await endpoints()).length === 0 ? true : undefined), {
      within: 300,
      signal,
      waiting: (seconds) => waiting(`GuardDuty's endpoint is being deleted, ${seconds.toFixed(0)} s`),
    })
    for (const id of ids) alsoRemoved?.('GuardDuty endpoint', id)
  }
  const named = { Name: 'group-name', Values: ['GuardDutyManagedSecurityGroup-*'] }
  const { SecurityGroups = [] } = await ec2.describeSecurityGroups({ Filters: [inside, named] })
  for (const { GroupId } of SecurityGroups) {
    try {
      await ec2.deleteSecurityGroup({ GroupId })
      alsoRemoved?.('GuardDuty security group', GroupId!)
    } catch (error) {
      // Gone by another walk, or still held by an interface: whoever asked tries again, and so asks again.
      if (!isNotFound(error) && !isBlocked(error)) throw error
    }
  }
}
