import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ControlPlane, openControlPlane, refusal } from '../cloud.fixture.ts'

let plane: ControlPlane

test.before(async () => {
  plane = await openControlPlane()
})
test.after(() => plane.close())
test.after.each(() => plane.faults.set([]))

test('the n-th call is refused as the service words it', async () => {
  const before = { code: 'RequestLimitExceeded' }
  plane.faults.set([{ action: '*', nth: 2, before }])
  await plane.ec2.describeVpcs({})
  assert.match(await refusal(plane.ec2.describeVpcs({})), /^RequestLimitExceeded/)
  await plane.ec2.describeVpcs({})
  plane.faults.set([{ action: '*', before }])
  assert.match(await refusal(plane.ssm.describeParameters({})), /^ThrottlingException/)
  assert.match(await refusal(plane.iam.listRoles({})), /^Throttling/)
  plane.faults.set([{ action: '*', before: { code: 'AccessDenied', message: 'no' } }])
  assert.is(await refusal(plane.ec2.describeVpcs({})), 'UnauthorizedOperation: no')
  assert.is(await refusal(plane.iam.listRoles({})), 'AccessDenied: no')
  assert.is(await refusal(plane.ssm.describeParameters({})), 'AccessDeniedException: no')
})

test('a quota can be refused, throttled, lost and hidden like anything else', async () => {
  const ask = () => plane.quotas.getServiceQuota({ ServiceCode: 'vpc', QuotaCode: 'L-F678F1CE' })
  const action = 'servicequotas:GetServiceQuota'
  const before = [{ code: 'AccessDenied', message: 'no' }, { code: 'RequestLimitExceeded' }, { code: 'NoSuchResourceException' }]
  plane.faults.set([
    ...before.map((each, index) => ({ action, nth: index + 1, before: each })),
    { action, nth: 4, after: '500' },
    { action, nth: 5, after: 'drop' },
    { action, match: { ServiceCode: 'vpc' }, nth: 6, instead: {} },
  ])
  const expected = [
    /^AccessDeniedException: no/,
    /^TooManyRequests/,
    /^NoSuchResource/,
    /^ServiceException/,
    /ECONNRESET|socket hang up|aborted/,
  ]
  for (const each of expected) assert.match(await refusal(ask()), each)
  assert.is((await ask()).Quota, undefined)
  assert.is((await ask()).Quota?.Value, 5)
})

test('a rule can be for some actions, some inputs, every n-th call and a number of hits', async () => {
  const before = { code: 'InsufficientInstanceCapacity', status: 500 }
  plane.faults.set([
    { action: 'ec2:Describe*', every: 2, before },
    { action: 'iam:CreateInstanceProfile', match: { InstanceProfileName: 'bad' }, count: 1, before: { code: 'ServiceFailure' } },
  ])
  await plane.ec2.describeVpcs({})
  assert.match(await refusal(plane.ec2.describeSubnets({})), /^InsufficientInstanceCapacity/)
  await plane.ec2.describeVpcs({})
  await plane.iam.createInstanceProfile({ InstanceProfileName: 'good' })
  assert.match(await refusal(plane.iam.createInstanceProfile({ InstanceProfileName: 'bad' })), /^ServiceFailure/)
  await plane.iam.createInstanceProfile({ InstanceProfileName: 'bad' })
  assert.equal(
    plane.faults.report().map(({ seen, hits }) => [seen, hits]),
    [
      [3, 1],
      [2, 1],
    ],
  )
})

test('an answer is lost after the call took effect, or is 500', async () => {
  plane.faults.set([
    { action: 'ec2:CreateInternetGateway', nth: 1, after: 'drop' },
    { action: 'ec2:CreateInternetGateway', nth: 2, after: '500' },
  ])
  assert.match(await refusal(plane.ec2.createInternetGateway({})), /socket hang up|ECONNRESET|aborted/)
  assert.match(await refusal(plane.ec2.createInternetGateway({})), /^InternalError/)
  assert.is((await plane.ec2.describeInternetGateways({})).InternetGateways?.length, 2)
})

test('an answer can be given instead of doing anything: eventual consistency', async () => {
  plane.faults.set([{ action: 'ec2:DescribeInternetGateways', nth: 1, instead: { InternetGateways: [] } }])
  assert.equal((await plane.ec2.describeInternetGateways({})).InternetGateways, [])
  assert.is((await plane.ec2.describeInternetGateways({})).InternetGateways?.length, 2)
})

test('calls wait for as long as the rules say together', async () => {
  plane.faults.set([
    { action: '*', latencyMs: 60 },
    { action: 'ec2:DescribeVpcs', latencyMs: 60 },
  ])
  const start = performance.now()
  await plane.ec2.describeVpcs({})
  assert.ok(performance.now() - start >= 115)
})

test('a held call is not done before the rules are replaced, and not at all when its client has gone', async () => {
  const { ec2, faults } = plane
  const count = async () => (await ec2.describeInternetGateways({})).InternetGateways?.length
  const first = await count()
  faults.set([{ action: 'ec2:CreateInternetGateway', hold: 'before', record: true }])
  const gone = new AbortController()
  const abandoned = ec2.createInternetGateway({}, { abortSignal: gone.signal })
  const kept = ec2.createInternetGateway({})
  while (faults.report()[0]?.calls.length !== 2) await new Promise((resolve) => setImmediate(resolve))
  assert.is(await count(), first)
  gone.abort()
  assert.match(await refusal(abandoned), /^AbortError/)
  while ((await count()) === first) {
    faults.set([])
    await kept
  }
  assert.is(await count(), Number(first) + 1)
})

test.run()
