import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { askCloud } from '../../../../src/local/admin/client.ts'
import { writeCloudState } from '../../../../src/local/process/cloud-state.ts'
import { until } from '../../../support/client.ts'
import { type ControlPlane, machineImage, network, openControlPlane, refusal, region } from '../../cloud.fixture.ts'

let plane: ControlPlane
let ec2: ControlPlane['ec2']

test.before(async () => {
  plane = await openControlPlane()
  ec2 = plane.ec2
  const port = Number(new URL(plane.endpoint).port)
  writeCloudState(plane.folder, { pid: process.pid, started: new Date().toISOString(), port, endpoint: plane.endpoint, region })
})
test.after(() => plane.close())

const guardDuty = (enabled: boolean) => askCloud(plane.folder, 'guardduty', { enabled })

test('GuardDuty puts an endpoint and a group into each VPC with a running instance, once, and leaves them there', async () => {
  const { VpcId, SubnetId } = await network(plane)
  const ImageId = await machineImage(plane)
  const { Instances } = await ec2.runInstances({ ImageId, InstanceType: 't3.micro', MinCount: 1, MaxCount: 1, SubnetId })
  const InstanceId = Instances?.[0]?.InstanceId as string
  plane.move(InstanceId, 'running')
  assert.equal((await ec2.describeVpcEndpoints({})).VpcEndpoints, [])
  await guardDuty(true)
  const Filters = [{ Name: 'vpc-id', Values: [VpcId] }]
  const { VpcEndpoints: [endpoint, ...others] = [] } = await ec2.describeVpcEndpoints({ Filters })
  assert.equal(others, [])
  assert.is(endpoint?.ServiceName, 'com.amazonaws.eu-west-1.guardduty-data')
  assert.equal([endpoint?.State as string, endpoint?.SubnetIds], ['available', [SubnetId]])
  const [group] = endpoint?.Groups ?? []
  assert.is(group?.GroupName, `GuardDutyManagedSecurityGroup-${VpcId}`)
  const { NetworkInterfaces = [] } = await ec2.describeNetworkInterfaces({ Filters: [{ Name: 'group-id', Values: [group!.GroupId!] }] })
  assert.equal(
    NetworkInterfaces.map((face) => [face.NetworkInterfaceId, face.InterfaceType, face.SubnetId]),
    [[endpoint?.NetworkInterfaceIds?.[0], 'vpc_endpoint', SubnetId]],
  )

  await ec2.terminateInstances({ InstanceIds: [InstanceId] })
  plane.move(InstanceId, 'terminated')
  assert.match(await refusal(ec2.deleteSubnet({ SubnetId })), /^DependencyViolation/)
  assert.match(await refusal(ec2.deleteSecurityGroup({ GroupId: group!.GroupId })), /^DependencyViolation/)
  const VpcEndpointIds = [endpoint!.VpcEndpointId!]
  const { Unsuccessful } = await ec2.deleteVpcEndpoints({ VpcEndpointIds: [...VpcEndpointIds, 'vpce-0123456789abcdef0'] })
  assert.equal(
    Unsuccessful?.map(({ ResourceId, Error: why }) => [ResourceId, why?.Code]),
    [['vpce-0123456789abcdef0', 'InvalidVpcEndpointId.NotFound']],
  )
  // It goes in its own time, and holds its subnet until then.
  assert.is((await ec2.describeVpcEndpoints({ VpcEndpointIds })).VpcEndpoints?.[0]?.State as string, 'deleting')
  assert.match(await refusal(ec2.deleteSubnet({ SubnetId })), /^DependencyViolation/)
  await until(async () => (await ec2.describeVpcEndpoints({ Filters })).VpcEndpoints?.length === 0, 10)
  await ec2.deleteSubnet({ SubnetId })
  await ec2.deleteSecurityGroup({ GroupId: group!.GroupId })
  assert.match(await refusal(ec2.describeVpcEndpoints({ VpcEndpointIds })), /^InvalidVpcEndpointId.NotFound/)
  await guardDuty(false)
})

test('a VPC with an endpoint cannot be deleted', async () => {
  const VpcId = (await ec2.createVpc({ CidrBlock: '10.5.0.0/16' })).Vpc?.VpcId as string
  const CreationTimestamp = new Date().toISOString()
  const own = { SubnetIds: [], GroupIds: [], NetworkInterfaceIds: [], CreationTimestamp, Tags: [] }
  const VpcEndpointId = 'vpce-0fedcba9876543210'
  plane.cloud.store
    .in(region)
    .put('vpcEndpoint', VpcEndpointId, { VpcEndpointId, VpcId, ServiceName: 'com.amazonaws.eu-west-1.ssm', ...own })
  assert.match(await refusal(ec2.deleteVpc({ VpcId })), /^DependencyViolation/)
  plane.cloud.store.in(region).put('vpcEndpoint', VpcEndpointId, { VpcEndpointId, VpcId, ServiceName: 'x', ...own, DeletedAt: 1 })
  await ec2.deleteVpc({ VpcId })
})

test.run()
