import type { Clients } from '../clients.ts'

/** What may hold on to a resource that is to be removed, as EC2's filters name it. */
export type Container = { readonly by: 'vpc-id' | 'subnet-id' | 'group-id'; readonly id: string }

/**
 * Names what still uses a VPC, a subnet or a security group: AWS says that there is something, not what. Interfaces
 * come with what they belong to, because that is what has to go.
 * @returns one short text each: `network interface eni-0a1b (in-use, ELB app/front)`
 */
export async function blockersOf(clients: Clients, { by, id }: Container): Promise<string[]> {
  const ec2 = await clients.ec2()
  const filter = { Filters: [{ Name: by, Values: [id] }] }
  const { NetworkInterfaces = [] } = await ec2.describeNetworkInterfaces(filter)
  const interfaces = NetworkInterfaces.map(({ NetworkInterfaceId, Status, Description, Attachment }) => {
    const owner = Attachment?.InstanceId ?? Description
    return `network interface ${NetworkInterfaceId} (${[Status, owner].filter(Boolean).join(', ')})`
  })
  if (by !== 'vpc-id') return interfaces
  const [{ Subnets = [] }, { SecurityGroups = [] }, { VpcEndpoints = [] }] = await Promise.all([
    ec2.describeSubnets(filter),
    ec2.describeSecurityGroups(filter),
    ec2.describeVpcEndpoints(filter),
  ])
  return [
    ...interfaces,
    ...VpcEndpoints.map(({ VpcEndpointId, ServiceName }) => `vpc endpoint ${VpcEndpointId} (${ServiceName})`),
    ...Subnets.map(({ SubnetId }) => `subnet ${SubnetId}`),
    // The default group goes with its VPC.
    ...SecurityGroups.filter(({ GroupName }) => GroupName !== 'default').map(
      ({ GroupId, GroupName }) => `security group ${GroupId} (${GroupName})`,
    ),
  ]
}
