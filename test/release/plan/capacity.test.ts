import { rmSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Config } from '../../../config/config.ts'
import { addressQuota, standardVcpuQuota, vpcQuota } from '../../../src/aws/quota.ts'
import { replacements } from '../../../src/release/plan/strategy/index.ts'
import { lookForPlan } from '../../../src/release/plan/work.ts'
import { Failure } from '../../../src/report/failure.ts'
import { createTestCloud, errorOf } from '../../support/cloud.ts'
import { configOf } from '../config.fixture.ts'

const cloud = await createTestCloud()
const { clients } = cloud
const config = configOf()
test.after(async () => {
  await cloud.end()
  rmSync(config.folder, { recursive: true })
})
test.after.each(() => cloud.faults())

async function plan(also: Partial<Config> = {}) {
  const work = await lookForPlan(clients, { ...config, ...also }, () => undefined, 'deploy')
  const { before, afterwards } = replacements[work.config.strategy](work)
  const numbers = (those: typeof before) => those.map(({ release }) => release)
  return { release: work.state.next, before: numbers(before), afterwards: numbers(afterwards) }
}

/** A VPC of nobody, or of a release of the stage. */
async function makeVpc(release?: number): Promise<string> {
  const own = { 'mlops:app': config.app, 'mlops:stage': config.stage, 'mlops:release': String(release), 'mlops:resource': 'vpc' }
  const Tags = release === undefined ? [] : Object.entries(own).map(([Key, Value]) => ({ Key, Value }))
  const { Vpc } = await (await clients.ec2()).createVpc({
    CidrBlock: '10.9.0.0/16',
    ...(release === undefined ? {} : { TagSpecifications: [{ ResourceType: 'vpc', Tags }] }),
  })
  return Vpc!.VpcId!
}

const asking = 'servicequotas:GetServiceQuota'
const vpcs: string[] = []

test('while a release fits into what every account has, no quota is asked for', async () => {
  for (let made = 0; made < 4; made++) vpcs.push(await makeVpc())
  await cloud.faults({ action: asking, record: true })
  assert.is((await plan()).release, 1)
  assert.equal(await cloud.hits(), [0])
})

test('where the quota of VPCs is used up, the plan fails, names them all, and says how to get more', async () => {
  vpcs.push(await makeVpc())
  await cloud.faults({ action: asking, record: true })
  const failure = (await errorOf(plan())) as Failure
  assert.equal(await cloud.hits(), [1])
  assert.instance(failure, Failure)
  assert.is(failure.message, `${clients.access.region} has no room for another VPC: 5 of 5 are there`)
  assert.equal(failure.details.on!.split(', ').sort(), vpcs.toSorted())
  const { service, code } = vpcQuota
  const command = `aws --region ${clients.access.region} service-quotas request-service-quota-increase --service-code ${service} --quota-code ${code}`
  assert.is(failure.details.next, `${command} --desired-value 10`)
})

test('a stage that has a network, or whose config names one, needs no room for another', async () => {
  const ec2 = await clients.ec2()
  const VpcId = vpcs.pop()!
  const tag = (Value: string) => ec2.createTags({ Resources: [VpcId], Tags: [{ Key: 'mlops:stage', Value }] })
  await ec2.createTags({ Resources: [VpcId], Tags: [{ Key: 'mlops:app', Value: config.app }] })
  await tag(config.stage)
  assert.equal((await plan()).before, [])
  await tag('another')
  await errorOf(plan())
  const InternetGatewayId = (await ec2.createInternetGateway({})).InternetGateway!.InternetGatewayId!
  await ec2.attachInternetGateway({ InternetGatewayId, VpcId })
  const { RouteTables } = await ec2.describeRouteTables({ Filters: [{ Name: 'vpc-id', Values: [VpcId] }] })
  const { RouteTableId } = RouteTables![0]!
  await ec2.createRoute({ RouteTableId, DestinationCidrBlock: '0.0.0.0/0', GatewayId: InternetGatewayId })
  const SubnetId = (await ec2.createSubnet({ VpcId, CidrBlock: '10.9.0.0/24' })).Subnet!.SubnetId!
  assert.equal((await plan({ network: { vpcId: VpcId, subnetIds: [SubnetId] } })).before, [])
  await ec2.deleteSubnet({ SubnetId })
  await ec2.detachInternetGateway({ InternetGatewayId, VpcId })
  await ec2.deleteInternetGateway({ InternetGatewayId })
  vpcs.push(VpcId)
})

test('leftovers of the stage make capacity: they go before anything is made', async () => {
  const ec2 = await clients.ec2()
  await ec2.deleteVpc({ VpcId: vpcs.pop() })
  vpcs.push(await makeVpc(7))
  assert.equal(await plan(), { before: [7], afterwards: [], release: 8 })
})

test('an account that was given more has the room', async () => {
  const quotas = await clients.quotas()
  await quotas.requestServiceQuotaIncrease({ ServiceCode: vpcQuota.service, QuotaCode: vpcQuota.code, DesiredValue: 6 })
  assert.equal(await plan(), { before: [], afterwards: [7], release: 8 })
})

test('where nobody can tell a quota, AWS itself is left to refuse', async () => {
  await makeVpc()
  await cloud.faults({ action: asking, before: { code: 'UnknownOperationException', message: 'no such thing' } })
  assert.equal((await plan()).before, [])
})

test('a stage without an address needs capacity for one', async () => {
  const quotas = await clients.quotas()
  await quotas.requestServiceQuotaIncrease({ ServiceCode: vpcQuota.service, QuotaCode: vpcQuota.code, DesiredValue: 9 })
  const ec2 = await clients.ec2()
  const ids: string[] = []
  for (let made = 0; made < 5; made++) ids.push((await ec2.allocateAddress({ Domain: 'vpc' })).AllocationId!)
  const failure = (await errorOf(plan())) as Failure
  assert.is(failure.message, `${clients.access.region} has no room for another Elastic IP: 5 of 5 are there`)
  assert.match(failure.details.next!, `--service-code ${addressQuota.service} --quota-code ${addressQuota.code} --desired-value 10`)
  await ec2.releaseAddress({ AllocationId: ids[0] })
  assert.equal((await plan()).before, [])
})

/** Runs a machine of 16 vCPUs, as one of the stage's releases or as nobody's. */
async function runLarge(release?: number): Promise<string> {
  const ec2 = await clients.ec2()
  const { Subnets = [] } = await ec2.describeSubnets({})
  const SubnetId = Subnets[0]?.SubnetId ?? (await ec2.createSubnet({ VpcId: vpcs[0], CidrBlock: '10.9.0.0/24' })).Subnet!.SubnetId
  const own = { 'mlops:app': config.app, 'mlops:stage': config.stage, 'mlops:release': String(release) }
  const Tags = Object.entries(own).map(([Key, Value]) => ({ Key, Value }))
  const image = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64'
  const { Parameter } = await (await clients.ssm()).getParameter({ Name: image })
  const { Instances } = await ec2.runInstances({
    ImageId: Parameter!.Value,
    InstanceType: large.instance.type as 'm7i.4xlarge',
    MinCount: 1,
    MaxCount: 1,
    SubnetId,
    ...(release === undefined ? {} : { TagSpecifications: [{ ResourceType: 'instance', Tags }] }),
  })
  return Instances![0]!.InstanceId!
}

const large = { instance: { ...config.instance, type: 'm7i.4xlarge' } }

test('machines that do not fit into what every account has are counted with those of others before anything is made', async () => {
  await cloud.faults({ action: asking, match: { QuotaCode: standardVcpuQuota.code }, record: true })
  assert.not.ok((await plan()).before.includes(11))
  assert.equal(await cloud.hits(), [0], 'a small one is not worth the question')
  await runLarge()
  assert.equal((await plan(large)).before, [], '16 of others and 16 of the 40 that this account has')
  assert.equal(await cloud.hits(), [1])

  const own = await runLarge(11)
  const { before } = await plan(large)
  assert.ok(before.includes(11), 'it serves nobody, and makes room')

  const ec2 = await clients.ec2()
  await ec2.terminateInstances({ InstanceIds: [own] })
  const { waitUntilInstanceTerminated } = await import('@aws-sdk/client-ec2')
  await waitUntilInstanceTerminated({ client: ec2, maxWaitTime: 60, minDelay: 1, maxDelay: 1 }, { InstanceIds: [own] })
  await runLarge()
  const failure = (await errorOf(plan(large))) as Failure
  assert.is(failure.message, `${clients.access.region} has no room for 16 more vCPUs: 32 of 40 are in use`)
  assert.match(failure.details.next!, `--service-code ec2 --quota-code ${standardVcpuQuota.code} --desired-value 48`)
})

test.run()
