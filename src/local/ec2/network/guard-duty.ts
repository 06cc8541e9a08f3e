import type { Cloud } from '../../cloud.ts'
import type { SecurityGroup, VpcEndpoint } from '../../records.ts'
import { newId } from '../kinds.ts'
import { newRule } from './permission.ts'
import { liveEndpoints } from './vpc-endpoint.ts'

/**
 * Does what GuardDuty's Runtime Monitoring does in an account that has it: every VPC with a running instance gets an
 * endpoint in each of its subnets' zones, and a security group for it. Both stay when the instances go.
 * https://docs.aws.amazon.com/guardduty/latest/ug/runtime-monitoring-agent-resource-clean-up.html
 */
export function watchOver({ store, region }: Cloud): void {
  if (!store.get('guardDuty', 'account')?.Enabled) return
  const running = store.list('instance').filter(({ State }) => State === 'running')
  const ServiceName = `com.amazonaws.${region}.guardduty-data`
  for (const VpcId of new Set(running.map((instance) => instance.VpcId))) {
    const there = liveEndpoints(store).some((each) => each.VpcId === VpcId && each.ServiceName === ServiceName)
    if (there) continue
    const Tags = [{ Key: 'GuardDutyManaged', Value: 'true' }]
    const group: SecurityGroup = {
      GroupId: newId('securityGroup'),
      GroupName: `GuardDutyManagedSecurityGroup-${VpcId}`,
      Description: 'Associated with VPC-endpoint created for GuardDuty',
      VpcId,
      Ingress: [newRule({ IpProtocol: 'tcp', FromPort: 443, ToPort: 443, CidrIpv4: store.get('vpc', VpcId)?.CidrBlock ?? '' })],
      Egress: [],
      Tags,
    }
    const kept = store.list('securityGroup').find((each) => each.VpcId === VpcId && each.GroupName === group.GroupName) ?? group
    // An endpoint has one interface a zone.
    const subnets = store.list('subnet').filter((subnet) => subnet.VpcId === VpcId)
    const SubnetIds = [...Map.groupBy(subnets, ({ Zone }) => Zone).values()].map(([first]) => first!.SubnetId)
    const endpoint: VpcEndpoint = {
      VpcEndpointId: newId('vpcEndpoint'),
      VpcId,
      ServiceName,
      SubnetIds,
      GroupIds: [kept.GroupId],
      NetworkInterfaceIds: SubnetIds.map(() => newId('networkInterface')),
      CreationTimestamp: new Date().toISOString(),
      Tags,
    }
    store.put('securityGroup', kept.GroupId, kept)
    store.put('vpcEndpoint', endpoint.VpcEndpointId, endpoint)
  }
}
