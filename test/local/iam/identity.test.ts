import { EC2 } from '@aws-sdk/client-ec2'
import { SSM } from '@aws-sdk/client-ssm'
import { STS } from '@aws-sdk/client-sts'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ControlPlane, openControlPlane, refusal, region } from '../cloud.fixture.ts'

let plane: ControlPlane
const profile = 'arn:aws:iam::000000000000:instance-profile/machine'

/** Clients of a program on the instance `i-1`. */
function onInstance() {
  const given = plane.cloud.roleCredentials(profile, 'i-1')
  assert.ok(given)
  const credentials = { accessKeyId: given.AccessKeyId, secretAccessKey: given.SecretAccessKey, sessionToken: given.Token }
  const options = { endpoint: plane.endpoint, region, credentials, maxAttempts: 1 }
  return { given, credentials, options, sts: new STS(options), ssm: new SSM(options), ec2: new EC2(options) }
}

test.before(async () => {
  plane = await openControlPlane()
  const { iam } = plane
  const trust = { Statement: { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' } }
  await iam.createRole({ RoleName: 'worker', AssumeRolePolicyDocument: JSON.stringify(trust) })
  await iam.createInstanceProfile({ InstanceProfileName: 'machine' })
  await iam.addRoleToInstanceProfile({ InstanceProfileName: 'machine', RoleName: 'worker' })
  const Statement = [
    { Effect: 'Allow', Action: ['ssm:GetParameter*', 'ssm:PutParameter'], Resource: `arn:aws:ssm:${region}:*:parameter/app/*` },
    { Effect: 'Deny', Action: 'ssm:*', Resource: '*parameter/app/closed' },
  ]
  await iam.putRolePolicy({ RoleName: 'worker', PolicyName: 'parameters', PolicyDocument: JSON.stringify({ Statement }) })
})
test.after(() => plane.close())

test('the user is the account, an instance is its role', async () => {
  assert.is((await plane.sts.getCallerIdentity({})).Arn, 'arn:aws:iam::000000000000:root')
  const { sts, given } = onInstance()
  const identity = await sts.getCallerIdentity({})
  assert.is(identity.Arn, 'arn:aws:sts::000000000000:assumed-role/worker/i-1')
  assert.match(given.AccessKeyId, /^ASIA[A-Z2-7]{16}$/)
  assert.is(given.RoleName, 'worker')
  assert.ok(Date.parse(given.Expiration) > Date.now() + 3_600_000)
})

test('a role may do what its policies allow, and a Deny wins', async () => {
  const { ssm, ec2 } = onInstance()
  await ssm.putParameter({ Name: '/app/open', Value: 'v', Type: 'String' })
  assert.is((await ssm.getParameter({ Name: '/app/open' })).Parameter?.Value, 'v')
  assert.match(await refusal(ssm.putParameter({ Name: '/app/closed', Value: 'v', Type: 'String' })), /^AccessDeniedException/)
  assert.match(await refusal(ssm.getParameter({ Name: '/other' })), /^AccessDeniedException/, 'and does not learn whether it exists')
  assert.is(
    await refusal(ec2.describeVpcs({})),
    'UnauthorizedOperation: User: arn:aws:sts::000000000000:assumed-role/worker/i-1 is not authorized to perform: ec2:DescribeVpcs on resource: * because no identity-based policy allows the ec2:DescribeVpcs action',
  )
})

test('credentials of a role are worth nothing with another’s token, another’s secret, or once the role is gone', async () => {
  const { options, credentials, sts } = onInstance()
  const other = plane.cloud.roleCredentials(profile, 'i-2')
  const stolen = new STS({ ...options, credentials: { ...credentials, sessionToken: other?.Token as string } })
  assert.match(await refusal(stolen.getCallerIdentity({})), /^InvalidClientTokenId/)
  const guessed = new STS({ ...options, credentials: { ...credentials, secretAccessKey: 'guess' } })
  assert.match(await refusal(guessed.getCallerIdentity({})), /^SignatureDoesNotMatch/)
  const forged = new STS({ ...options, credentials: { ...credentials, sessionToken: `${credentials.sessionToken.slice(0, -4)}AAAA` } })
  assert.match(await refusal(forged.getCallerIdentity({})), /^InvalidClientTokenId/)
  await plane.iam.removeRoleFromInstanceProfile({ InstanceProfileName: 'machine', RoleName: 'worker' })
  assert.match(await refusal(sts.getCallerIdentity({})), /^InvalidClientTokenId/)
  assert.is(plane.cloud.roleCredentials(profile, 'i-1'), undefined)
  assert.is(plane.cloud.roleCredentials('arn:aws:iam::0:instance-profile/none', 'i-1'), undefined)
  await plane.iam.addRoleToInstanceProfile({ InstanceProfileName: 'machine', RoleName: 'worker' })
})

test('a registry password belongs to who asked for it, and to no other use', () => {
  const caller = { accountId: '000000000000', arn: 'arn:test', accessKeyId: 'A' }
  const { password, expiresAt } = plane.cloud.registryPassword(caller, 'eu-west-1')
  assert.equal(plane.cloud.registryCaller(password), { caller, region: 'eu-west-1' })
  assert.ok(Math.abs(expiresAt.getTime() - Date.now() - 12 * 3_600_000) < 5000)
  assert.is(plane.cloud.registryCaller(`${password}x`), undefined)
  assert.is(plane.cloud.registryCaller('no password'), undefined)
  assert.is(plane.cloud.registryCaller(onInstance().given.Token), undefined, 'a session token is none')
})

test.run()
