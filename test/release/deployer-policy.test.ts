// time limit: 120 s
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EC2 } from '@aws-sdk/client-ec2'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Clients } from '../../src/aws/clients.ts'
import { codeOf } from '../../src/aws/errors.ts'
import { blockersOf } from '../../src/aws/graph/blockers.ts'
import { vpcQuota } from '../../src/aws/quota.ts'
import { consoleOf } from '../../src/aws/resources/console.ts'
import { tagInstance } from '../../src/aws/resources/instance.ts'
import { missingLayers, removeTag } from '../../src/aws/resources/repository.ts'
import { startSession } from '../../src/aws/session.ts'
import { askCloud } from '../../src/local/admin/client.ts'
import { allows } from '../../src/local/iam/policy.ts'
import { type DeployerPolicy, deployerPolicy } from '../../src/release/deployer-policy.ts'
import { readSecret, removeSecret, setSecret } from '../../src/release/launch/secrets.ts'
import { lockOf } from '../../src/release/state/hold.ts'
import { readLaunch } from '../../src/release/state/launch-store.ts'
import { history } from '../../src/release/state/ledger.ts'
import { Failure } from '../../src/report/failure.ts'
import { reportOf } from '../../src/terminal/report.ts'
import { openCloud } from '../support/open-cloud.ts'
import { freePorts } from '../support/project.ts'
import { type Order, runDeploy, runDestroy } from '../support/verbs.ts'

const scope = { app: 'crash', stage: 'local', region: 'us-east-1', account: '000000000000' }
const policy = deployerPolicy(scope)
const actions = policy.Statement.flatMap(({ Action }) => Action)
const allOfS3 = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }] })
const folder = mkdtempSync(join(tmpdir(), 'policy-'))
const [port] = await freePorts(1)
const open = await openCloud(folder, port!, 'light')
test.after(async () => {
  await open.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A user who may do what the policy says but for some actions. */
function userWithout(...missing: string[]): Promise<Order> {
  const Statement = policy.Statement.map((each) => ({ ...each, Action: each.Action.filter((action) => !missing.includes(action)) }))
  return userWith('deployer', { ...policy, Statement })
}

async function userWith(name: string, policy: DeployerPolicy): Promise<Order> {
  const made = await askCloud<{ credentials: { accessKeyId: string; secretAccessKey: string } }>(open.cloud.folder, 'user', {
    name,
    policy,
  })
  return { ...open.order, access: { ...open.order.access, credentials: made!.credentials } }
}

/** Changes by hand what a deploy brings back, and leaves a route table as releases of earlier versions had one. */
async function meddle(ec2: EC2): Promise<void> {
  const tag = { Name: 'tag:mlops:app', Values: ['crash'] }
  const { Vpcs: [vpc] = [] } = await ec2.describeVpcs({ Filters: [tag] })
  const { VpcId } = vpc!
  await ec2.modifyVpcAttribute({ VpcId, EnableDnsSupport: { Value: false } })
  const Tags = [
    { Key: 'mlops:app', Value: 'crash' },
    { Key: 'mlops:stage', Value: 'local' },
  ]
  const made = await ec2.createRouteTable({ VpcId, TagSpecifications: [{ ResourceType: 'route-table', Tags }] })
  const { Subnets: [subnet] = [] } = await ec2.describeSubnets({ Filters: [tag] })
  await ec2.associateRouteTable({ RouteTableId: made.RouteTable!.RouteTableId, SubnetId: subnet!.SubnetId })
  // A route to what this cloud does not have, such as a NAT gateway.
  const { RouteTables = [] } = await ec2.describeRouteTables({ Filters: [{ Name: 'vpc-id', Values: [VpcId!] }] })
  const elsewhere = [{ DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: 'nat-1', State: 'active' }]
  const shown = RouteTables.map((table) => ({ ...table, Routes: elsewhere }))
  open.faults.set([{ action: 'ec2:DescribeRouteTables', instead: { RouteTables: shown }, count: 1 }])
}

async function raiseVpcQuota(clients: Clients): Promise<void> {
  const { service, code } = vpcQuota
  await (await clients.quotas()).requestServiceQuotaIncrease({ ServiceCode: service, QuotaCode: code, DesiredValue: 20 })
}

test('the scripts need every permission of the policy, and no other', async () => {
  const order = { ...(await userWithout()), protect: true }
  const [clients, id] = [new Clients(order.access), { app: 'crash', stage: 'local' }]
  await setSecret(clients, id, 'TOKEN', 'one')
  // Where the account holds many VPCs, it is asked how many it may hold.
  const root = new Clients(open.order.access)
  await raiseVpcQuota(root)
  const crowd = await Promise.all(Array.from({ length: 5 }, async () => (await root.ec2()).createVpc({ CidrBlock: '10.9.0.0/16' })))
  await askCloud(open.cloud.folder, 'guardduty', { enabled: true })
  await runDeploy(order)
  // The second repairs what somebody has changed in the network.
  await meddle(await root.ec2())
  assert.is((await runDeploy(order)).release, 2)
  const [last, ...others] = await history(clients, id)
  assert.is(others.length, 1)
  assert.is((await readLaunch(clients, id, last!)).release, 2)
  assert.is(await lockOf(clients, id), undefined)
  // A deploy asks this when the pin of a base image moves.
  await removeTag(clients, 'crash/local/images', 'base_0')
  await missingLayers(clients, 'crash/local/images', [`sha256:${'0'.repeat(64)}`])
  const [instance] = open.cloud.store.list('instance').filter(({ State }) => State === 'running')
  await startSession(clients, instance!.InstanceId)
  // A machine that is kept may be said to be so, and may be given away by no tag.
  await tagInstance(clients, { id: instance!.InstanceId }, { 'mlops:kept': 'now' })
  const giveAway = tagInstance(clients, { id: instance!.InstanceId }, { 'mlops:app': 'other' })
  assert.is(codeOf(await giveAway.catch((error) => error)), 'UnauthorizedOperation')
  assert.is(await readSecret(clients, id, 'TOKEN'), 'one')
  await removeSecret(clients, id, 'TOKEN')

  // A launch that is interrupted is cancelled on the machine as well.
  const asked = new AbortController()
  open.faults.set([{ action: 'ssm:GetCommandInvocation', instead: { Status: 'InProgress', StatusDetails: 'InProgress' } }])
  const interrupted = runDeploy(order, asked.signal, ({ phase, detail }) => {
    if (phase !== 'launch' || !detail?.startsWith('running')) return
    open.faults.set([])
    asked.abort(new Failure('Interrupted.', { code: 130 }))
  })
  const ended = reportOf(await interrupted.catch((error) => error))
  assert.is(ended.code, 130, JSON.stringify(ended))

  // A deploy asks this when its machine ends while it starts.
  await consoleOf(clients, instance!.InstanceId)
  // A destroy asks this after minutes of waiting for what holds on to a network.
  await blockersOf(clients, { by: 'vpc-id', id: instance!.VpcId })
  // It asks for these when somebody has given the role more than it had, and when the address still leads somewhere.
  await (await root.iam()).putRolePolicy({
    RoleName: 'crash-local-us-east-1',
    PolicyName: 'by-hand',
    PolicyDocument: allOfS3,
  })
  open.faults.set([{ action: 'ec2:ReleaseAddress', before: { code: 'InvalidIPAddress.InUse', message: 'in use' }, count: 1 }])
  for (const { Vpc } of crowd) await (await root.ec2()).deleteVpc({ VpcId: Vpc!.VpcId })
  const { left, failure } = await runDestroy(order)
  assert.equal([left, failure], [[], undefined])
  const { used } = (await askCloud<{ used: string[] }>(open.cloud.folder, 'user', { name: 'deployer' }))!
  assert.equal(
    actions.filter((action) => !used.includes(action)),
    [],
    'these are in the policy and were not needed',
  )
})

test('an action that the credentials lack is named, with exit code 3, and nothing is left of the try', async () => {
  for (const action of ['ec2:CreateSubnet', 'iam:PassRole', 'ssm:PutParameter', 'ecr:CreateRepository', 'ec2:DescribeVpcs']) {
    await runDestroy(await userWithout())
    const report = reportOf(await runDeploy(await userWithout(action)).catch((error) => error))
    assert.match(JSON.stringify(report), action)
    assert.is(report.code, 3, JSON.stringify(report))
    assert.equal(
      open.cloud.store.list('instance').filter(({ State }) => State !== 'terminated'),
      [],
    )
  }
  assert.equal((await runDestroy(await userWithout())).left, [])
})

test('what the owner of the cloud may do, a limited user may not', async () => {
  const order = await userWithout()
  const { policy: _, ...stolen } = { policy, credentials: order.access.credentials! }
  const clients = new Clients({ ...order.access, credentials: stolen.credentials })
  const refused = await (await clients.iam()).deleteRole({ RoleName: 'crash-local-nobody' }).catch((error: Error) => error.name)
  assert.is(refused, 'NoSuchEntityException')
  const denied = await (await clients.ec2()).deleteTags({ Resources: ['vpc-0'] }).catch((error: Error) => error.name)
  assert.is(denied, 'UnauthorizedOperation')
})

test("another app's machine, role, parameter and repository, and another stage's, are out of reach", async () => {
  const owner = await userWithout()
  await runDeploy(owner)
  const code = async (call: Promise<unknown>) =>
    call.then(
      () => 'allowed',
      (error: Error) => error.name,
    )
  const [machine] = open.cloud.store.list('instance').filter(({ State }) => State === 'running')
  const [role] = open.cloud.store.list('role')
  const { InstanceId, VpcId } = machine!
  const { RoleName } = role!
  const image = machine!.ImageId
  const trust = { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [trust] })
  const of = (app: string, stage: string) => [
    {
      ResourceType: 'vpc' as const,
      Tags: [
        { Key: 'mlops:app', Value: app },
        { Key: 'mlops:stage', Value: stage },
      ],
    },
  ]
  for (const stranger of [
    { app: 'shop', stage: 'local' },
    { app: 'crash', stage: 'prod' },
  ]) {
    const clients = new Clients((await userWith(`${stranger.app}-${stranger.stage}`, deployerPolicy({ ...scope, ...stranger }))).access)
    const [ec2, ecr, iam, ssm] = await Promise.all([clients.ec2(), clients.ecr(), clients.iam(), clients.ssm()])
    const other = { stranger: `${stranger.app}/${stranger.stage}` }
    const refused = {
      ...other,
      terminate: await code(ec2.terminateInstances({ InstanceIds: [InstanceId] })),
      network: await code(ec2.createSubnet({ VpcId, CidrBlock: '10.0.9.0/24' })),
      vpc: await code(ec2.createVpc({ CidrBlock: '10.1.0.0/16', TagSpecifications: of('crash', 'local') })),
      untagged: await code(ec2.createVpc({ CidrBlock: '10.1.0.0/16' })),
      tag: await code(ec2.createTags({ Resources: [InstanceId], Tags: of(stranger.app, stranger.stage)[0]!.Tags })),
      run: await code(
        ec2.runInstances({ ImageId: image, MinCount: 1, MaxCount: 1, InstanceType: 't3.micro', SubnetId: machine!.SubnetId }),
      ),
      command: await code(
        ssm.sendCommand({ DocumentName: 'AWS-RunShellScript', InstanceIds: [InstanceId], Parameters: { commands: ['id'] } }),
      ),
      session: await code(startSession(clients, InstanceId)),
      getRole: await code(iam.getRole({ RoleName })),
      putPolicy: await code(iam.putRolePolicy({ RoleName, PolicyName: 'more', PolicyDocument: '{}' })),
      createRole: await code(iam.createRole({ RoleName: 'admin', AssumeRolePolicyDocument })),
      parameter: await code(ssm.getParameter({ Name: '/crash/local/ledger' })),
      secrets: await code(ssm.getParametersByPath({ Path: '/crash/local/secrets', WithDecryption: true })),
      put: await code(ssm.putParameter({ Name: '/crash/local/lease', Value: 'mine', Type: 'String', Overwrite: true })),
      repository: await code(ecr.deleteRepository({ repositoryName: 'crash/local/images', force: true })),
      pull: await code(ecr.batchGetImage({ repositoryName: 'crash/local/images', imageIds: [{ imageTag: 'web' }] })),
      allowed: await code(ec2.describeInstances({})),
    }
    assert.equal(refused, {
      ...other,
      terminate: 'UnauthorizedOperation',
      network: 'UnauthorizedOperation',
      vpc: 'UnauthorizedOperation',
      untagged: 'UnauthorizedOperation',
      tag: 'UnauthorizedOperation',
      run: 'UnauthorizedOperation',
      command: 'AccessDeniedException',
      session: 'AccessDeniedException',
      getRole: 'AccessDenied',
      putPolicy: 'AccessDenied',
      createRole: 'AccessDenied',
      parameter: 'AccessDeniedException',
      secrets: 'AccessDeniedException',
      put: 'AccessDeniedException',
      repository: 'AccessDeniedException',
      pull: 'AccessDeniedException',
      allowed: 'allowed',
    })
  }
  // Its own role gets no other managed policy, and is handed to nobody but EC2.
  const own = new Clients(owner.access)
  const attach = (PolicyArn: string) => own.iam().then((iam) => code(iam.attachRolePolicy({ RoleName, PolicyArn })))
  assert.is(await attach('arn:aws:iam::aws:policy/AdministratorAccess'), 'AccessDenied')
  assert.is(await attach('arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore'), 'allowed')
  assert.equal((await runDestroy(owner)).left, [])
})

test('where a boundary is demanded, no role is made without it', async () => {
  const boundary = 'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore'
  const clients = new Clients((await userWith('bounded', deployerPolicy({ ...scope, boundary }))).access)
  const iam = await clients.iam()
  const trust = { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }
  const role = { RoleName: 'crash-local-test', AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }) }
  const refused = await iam.createRole(role).catch((error: Error) => error.name)
  assert.is(refused, 'AccessDenied')
  const { RoleName } = role
  const put = () => iam.putRolePolicy({ RoleName, PolicyName: 'all', PolicyDocument: allOfS3 })
  const attach = () => iam.attachRolePolicy({ RoleName, PolicyArn: boundary })
  const code = (call: Promise<unknown>) =>
    call.then(
      () => 'allowed',
      (error: Error) => error.name,
    )
  // A role that somebody else has made without a boundary gets no rights.
  const root = await new Clients(open.order.access).iam()
  await root.createRole(role)
  assert.equal([await code(put()), await code(attach())], ['AccessDenied', 'AccessDenied'])
  await root.deleteRole({ RoleName })
  const { Role } = await iam.createRole({ ...role, PermissionsBoundary: boundary })
  assert.equal([await code(put()), await code(attach())], ['allowed', 'allowed'])
  await iam.deleteRolePolicy({ RoleName, PolicyName: 'all' })
  await iam.detachRolePolicy({ RoleName, PolicyArn: boundary })
  assert.is(Role!.PermissionsBoundary!.PermissionsBoundaryArn, boundary)
  await iam.deleteRole({ RoleName: role.RoleName })
})

test('the role is handed to machines, and to no other service', () => {
  const handed = (to: string | undefined, name = 'crash-local-us-east-1') =>
    allows([policy], 'iam:PassRole', `arn:aws:iam::000000000000:role/${name}`, { 'iam:PassedToService': to })
  assert.ok(handed('ec2.amazonaws.com'))
  assert.not(handed('lambda.amazonaws.com'))
  assert.not(handed('ecs-tasks.amazonaws.com'))
  assert.not(handed(undefined))
  assert.not(handed('ec2.amazonaws.com', 'shop-local-us-east-1'))
})

test('a policy fits into a managed policy, also with the longest names, and names the partition', () => {
  const longest = deployerPolicy({
    app: 'a'.repeat(32),
    stage: 's'.repeat(16),
    region: 'us-gov-west-1',
    account: '123456789012',
    boundary: 'b'.repeat(80),
  })
  const text = JSON.stringify(longest)
  // IAM counts no white space between the elements:
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
  assert.ok(text.length <= 6144, `${text.length} characters`)
  assert.not.match(text, 'arn:aws:')
})

test.run()
