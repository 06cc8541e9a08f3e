import { ServiceQuotas } from '@aws-sdk/client-service-quotas'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ControlPlane, openControlPlane, refusal, region } from '../cloud.fixture.ts'

let plane: ControlPlane
let quotas: ServiceQuotas
const vpcs = { ServiceCode: 'vpc', QuotaCode: 'L-F678F1CE' }
const vcpus = { ServiceCode: 'ec2', QuotaCode: 'L-1216C47A' }

test.before(async () => {
  plane = await openControlPlane()
  quotas = plane.quotas
})
test.after(() => plane.close())

test('a quota tells what applies to the account', async () => {
  const { Quota } = await quotas.getServiceQuota(vpcs)
  assert.equal(Quota, {
    ServiceCode: 'vpc',
    ServiceName: 'Amazon Virtual Private Cloud (Amazon VPC)',
    QuotaArn: 'arn:aws:servicequotas:eu-west-1:000000000000:vpc/L-F678F1CE',
    QuotaCode: 'L-F678F1CE',
    QuotaName: 'VPCs per Region',
    Value: 5,
    Unit: 'None',
    Adjustable: true,
    GlobalQuota: false,
    QuotaAppliedAtLevel: 'ACCOUNT',
  })
})

test('a default belongs to no account, and the account may have more than it from the start', async () => {
  const { Quota } = await quotas.getAWSDefaultServiceQuota(vcpus)
  assert.equal([Quota?.Value, Quota?.QuotaArn], [5, 'arn:aws:servicequotas:eu-west-1::ec2/L-1216C47A'])
  assert.is((await quotas.getServiceQuota(vcpus)).Quota?.Value, 40)
})

test('the quotas of a service come in pages', async () => {
  const first = await quotas.listServiceQuotas({ ServiceCode: 'ec2', MaxResults: 1 })
  const { NextToken } = first
  assert.match(String(NextToken), /^[a-zA-Z0-9/+]*={0,2}$/)
  const second = await quotas.listServiceQuotas({ ServiceCode: 'ec2', MaxResults: 1, NextToken })
  assert.is(second.NextToken, undefined)
  const { Quotas } = await quotas.listServiceQuotas({ ServiceCode: 'ec2' })
  assert.equal([...(first.Quotas ?? []), ...(second.Quotas ?? [])], Quotas)
  assert.equal(
    Quotas?.map(({ QuotaName, Value }) => [QuotaName, Value]),
    [
      ['EC2-VPC Elastic IPs', 5],
      ['Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances', 40],
    ],
  )
  const codes = async (more: object) =>
    (await quotas.listServiceQuotas({ ServiceCode: 'ec2', ...more })).Quotas?.map((each) => each.QuotaCode)
  assert.equal(await codes({ QuotaCode: 'L-1216C47A' }), ['L-1216C47A'])
  assert.equal(await codes({ QuotaAppliedAtLevel: 'RESOURCE' }), [])
  assert.match(await refusal(codes({ MaxResults: 0 })), /^IllegalArgumentException: .*'maxResults'/)
  assert.match(await refusal(codes({ NextToken: 'abc' })), /^InvalidPaginationTokenException/)
})

test('what is unknown, and what cannot be a code, is refused in AWS’s words', async () => {
  const both = [quotas.getServiceQuota.bind(quotas), quotas.getAWSDefaultServiceQuota.bind(quotas)]
  for (const ask of both) {
    assert.is(
      await refusal(ask({ ...vpcs, ServiceCode: 'EC2' })),
      'NoSuchResourceException: The request failed because the specified service does not exist.',
    )
    assert.is(
      await refusal(ask({ ...vpcs, ServiceCode: 'ec2' })),
      'NoSuchResourceException: The request failed because the specified quota and service do not exist.',
    )
    assert.match(await refusal(ask({ ...vpcs, QuotaCode: 'L_1' })), /^IllegalArgumentException: .*"L_1" at 'quotaCode'/)
    assert.match(await refusal(ask({ ...vpcs, ServiceCode: undefined })), /^IllegalArgumentException: .*null at 'serviceCode'/)
  }
  assert.match(await refusal(quotas.listServiceQuotas({ ServiceCode: 's3' })), /^NoSuchResourceException/)
  assert.is(
    await refusal(quotas.getServiceQuota({ ...vpcs, ContextId: 'arn:aws:ec2:eu-west-1:000000000000:vpc/vpc-1' })),
    'NoSuchResourceException: The request failed because applied value for the specified context Id do not exist.',
  )
  assert.match(
    await refusal(quotas.listServices({})),
    /^UnknownOperationException: .* does not have the action ListServices of servicequotas/,
  )
})

test('a user may do what the policy says, and ask for more of one quota only', async () => {
  const credentials = { accessKeyId: 'AKIAREADER', secretAccessKey: 'of the reader' }
  const Statement = [
    { Effect: 'Allow', Action: 'servicequotas:GetServiceQuota', Resource: '*' },
    { Effect: 'Allow', Action: 'servicequotas:RequestServiceQuotaIncrease', Resource: 'arn:aws:servicequotas:*:*:vpc/*' },
  ] as const
  plane.cloud.store.put('limitedUser', 'reader', { name: 'reader', policy: { Statement }, ...credentials })
  const reader = new ServiceQuotas({ endpoint: plane.endpoint, region, credentials, maxAttempts: 1 })
  try {
    assert.is((await reader.getServiceQuota(vpcs)).Quota?.Value, 5)
    assert.match(await refusal(reader.listServiceQuotas(vpcs)), /^AccessDeniedException: .* perform: servicequotas:ListServiceQuotas on/)
    assert.match(await refusal(reader.getAWSDefaultServiceQuota(vpcs)), /^AccessDeniedException/)
    assert.match(await refusal(reader.listRequestedServiceQuotaChangeHistoryByQuota(vpcs)), /^AccessDeniedException/)
    assert.match(await refusal(reader.getRequestedServiceQuotaChange({ RequestId: 'abc' })), /^AccessDeniedException/)
    assert.match(
      await refusal(reader.requestServiceQuotaIncrease({ ...vcpus, DesiredValue: 64 })),
      /^AccessDeniedException: .* on resource: arn:aws:servicequotas:eu-west-1:000000000000:ec2\/L-1216C47A /,
    )
    await reader.requestServiceQuotaIncrease({ ...vpcs, DesiredValue: 6 })
  } finally {
    reader.destroy()
  }
})

test.run()
