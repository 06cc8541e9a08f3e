import path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { appliedValue, quotas as known } from '../../../src/local/quotas/quota.ts'
import { createStore } from '../../../src/local/store.ts'
import { type ControlPlane, machineImage, network, openControlPlane, refusal, region } from '../cloud.fixture.ts'

let plane: ControlPlane
const vpcs = { ServiceCode: 'vpc', QuotaCode: 'L-F678F1CE' }
const addresses = { ServiceCode: 'ec2', QuotaCode: 'L-0263D0A3' }
const vcpus = { ServiceCode: 'ec2', QuotaCode: 'L-1216C47A' }

test.before.each(async () => {
  plane = await openControlPlane()
})
test.after.each(() => plane.close())

test('an increase is approved, told, and remembered', async () => {
  const { quotas, folder } = plane
  const { RequestedQuota } = await quotas.requestServiceQuotaIncrease({ ...vpcs, DesiredValue: 7 })
  const { Id, Created, LastUpdated, ...told } = RequestedQuota ?? {}
  assert.equal(told, {
    ServiceCode: 'vpc',
    ServiceName: 'Amazon Virtual Private Cloud (Amazon VPC)',
    QuotaCode: 'L-F678F1CE',
    QuotaName: 'VPCs per Region',
    DesiredValue: 7,
    Status: 'APPROVED',
    Requester: '{"accountId":"000000000000","callerArn":"arn:aws:iam::000000000000:root"}',
    QuotaArn: 'arn:aws:servicequotas:eu-west-1:000000000000:vpc/L-F678F1CE',
    GlobalQuota: false,
    Unit: 'None',
    QuotaRequestedAtLevel: 'ACCOUNT',
  })
  assert.ok(Date.now() - Number(Created) < 60_000 && Number(Created) === Number(LastUpdated))
  assert.equal((await quotas.getRequestedServiceQuotaChange({ RequestId: Id })).RequestedQuota, RequestedQuota)
  assert.is((await quotas.getServiceQuota(vpcs)).Quota?.Value, 7)
  assert.is((await quotas.getAWSDefaultServiceQuota(vpcs)).Quota?.Value, 5)
  const again = createStore(path.join(folder, 'cloud.db'))
  assert.is(appliedValue(again, known.vpcs), 7)
  again.close()
})

test('the history has every request for one quota, in pages', async () => {
  const { quotas } = plane
  const history = async (more: object = {}) => {
    const { RequestedQuotas, NextToken } = await quotas.listRequestedServiceQuotaChangeHistoryByQuota({ ...vpcs, ...more })
    return { values: RequestedQuotas?.map(({ DesiredValue }) => DesiredValue), NextToken }
  }
  assert.equal((await history()).values, [])
  for (const DesiredValue of [6, 8, 10]) await quotas.requestServiceQuotaIncrease({ ...vpcs, DesiredValue })
  await quotas.requestServiceQuotaIncrease({ ...addresses, DesiredValue: 50 })
  assert.equal((await history()).values, [6, 8, 10])
  const { values, NextToken } = await history({ MaxResults: 2 })
  assert.equal(values, [6, 8])
  assert.equal((await history({ MaxResults: 2, NextToken })).values, [10])
  assert.equal((await history({ Status: 'PENDING' })).values, [])
  assert.equal((await history({ QuotaRequestedAtLevel: 'RESOURCE' })).values, [])
  assert.match(await refusal(history({ QuotaCode: 'L-0263D0A3' })), /^NoSuchResourceException/)
  assert.match(await refusal(quotas.getRequestedServiceQuotaChange({ RequestId: 'other' })), /^NoSuchResourceException/)
})

test('less than there is, as much as there is, and what is no value are refused and change nothing', async () => {
  const { quotas } = plane
  const ask = (DesiredValue: number, more: object = {}) => refusal(quotas.requestServiceQuotaIncrease({ ...vpcs, DesiredValue, ...more }))
  const tooLittle = 'IllegalArgumentException: You must provide a quota value greater than the current quota value'
  for (const value of [0, 4, 5]) assert.is(await ask(value), tooLittle)
  for (const value of [-1, 10_000_000_001, '9' as unknown as number])
    assert.match(await ask(value), /^IllegalArgumentException: .*'desiredValue'/)
  assert.match(await ask(9, { ContextId: 'vpc-1' }), /^IllegalArgumentException: .*no context/)
  assert.match(await ask(9, { QuotaCode: 'L-00000000' }), /^NoSuchResourceException/)
  assert.is((await quotas.getServiceQuota(vpcs)).Quota?.Value, 5)
})

test('as many VPCs can be made as the quota allows just now', async () => {
  const { ec2, quotas } = plane
  const make = () => ec2.createVpc({ CidrBlock: '10.0.0.0/16' })
  for (let count = 0; count < 5; count++) await make()
  assert.match(await refusal(make()), /^VpcLimitExceeded/)
  await quotas.requestServiceQuotaIncrease({ ...vpcs, DesiredValue: 6 })
  await make()
  assert.match(await refusal(make()), /^VpcLimitExceeded/)
})

test('as many addresses can be allocated, the attributes of the account say it too, and none is outside the loopback', async () => {
  const { ec2, quotas } = plane
  await quotas.requestServiceQuotaIncrease({ ...addresses, DesiredValue: 256 })
  const { AccountAttributes } = await ec2.describeAccountAttributes({ AttributeNames: ['max-elastic-ips' as 'supported-platforms'] })
  assert.is(AccountAttributes?.[0]?.AttributeValues?.[0]?.AttributeValue, '256')
  for (let count = 0; count < 253; count++) {
    plane.cloud.store
      .in(region)
      .put('address', `eipalloc-${count}`, { AllocationId: `eipalloc-${count}`, PublicIp: `127.0.0.${count + 1}`, Tags: [] })
  }
  const allocated = [await ec2.allocateAddress({}), await ec2.allocateAddress({}), await ec2.allocateAddress({})]
  assert.equal(
    allocated.map(({ PublicIp }) => PublicIp),
    ['127.0.0.254', '127.0.1.1', '127.0.1.2'],
  )
  assert.match(await refusal(ec2.allocateAddress({})), /^AddressLimitExceeded/)
})

test('instances run while there are vCPUs for them; one that has stopped has given its own back', async () => {
  const { ec2, quotas } = plane
  const { SubnetId } = await network(plane)
  const ImageId = await machineImage(plane)
  const run = (InstanceType: 't3.micro' | 't3.2xlarge', MinCount: number, MaxCount = MinCount) =>
    ec2.runInstances({ ImageId, SubnetId, InstanceType, MinCount, MaxCount })
  const large = await run('t3.2xlarge', 4)
  const { Instances } = await run('t3.micro', 1, 20)
  assert.is(Instances?.length, 4, 'eight of forty are left for two each')
  assert.is(
    await refusal(run('t3.micro', 1)),
    'VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of 40 allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.',
  )
  const stopped = large.Instances?.[0]?.InstanceId as string
  plane.move(stopped, 'stopped')
  await run('t3.micro', 1)
  assert.match(await refusal(ec2.startInstances({ InstanceIds: [stopped] })), /^VcpuLimitExceeded: .* limit of 40 /)
  await quotas.requestServiceQuotaIncrease({ ...vcpus, DesiredValue: 42 })
  const { StartingInstances } = await ec2.startInstances({ InstanceIds: [stopped] })
  assert.is(StartingInstances?.[0]?.CurrentState?.Name, 'pending')
  assert.match(await refusal(run('t3.micro', 1)), /^VcpuLimitExceeded: .* limit of 42 /)
})

test.run()
