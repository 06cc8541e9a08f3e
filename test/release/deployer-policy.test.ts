// time limit: 120 s
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { EC2 } from '@aws-sdk/client-ec2'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Clients } from '../../src/aws/clients.ts'
import { blockersOf } from '../../src/aws/graph/blockers.ts'
import { vpcQuota } from '../../src/aws/quota.ts'
import { consoleOf } from '../../src/aws/resources/instance.ts'
import { missingLayers } from '../../src/aws/resources/repository.ts'
import { startSession } from '../../src/aws/session.ts'
import { askCloud } from '../../src/local/admin/client.ts'
import { readSecret, removeSecret, setSecret } from '../../src/release/launch/secrets.ts'
import { readLaunch } from '../../src/release/state/launch-store.ts'
import { leaseHolder } from '../../src/release/state/lease.ts'
import { history } from '../../src/release/state/ledger.ts'
import { Failure } from '../../src/report/failure.ts'
import { reportOf } from '../../src/terminal/report.ts'
import { openCloud } from '../support/open-cloud.ts'
import { freePorts } from '../support/project.ts'
import { type Order, runDeploy, runDestroy } from '../support/verbs.ts'

interface Policy {
  readonly Version: string
  readonly Statement: readonly { readonly Effect: 'Allow'; readonly Action: readonly string[]; readonly Resource: '*' }[]
}

const policy = JSON.parse(readFileSync(resolve(import.meta.dirname, '../../docs/deployer-policy.json'), 'utf8')) as Policy
const actions = policy.Statement.flatMap(({ Action }) => Action)
const folder = mkdtempSync(join(tmpdir(), 'policy-'))
const [port] = await freePorts(1)
const open = await openCloud(folder, port!, 'light')
test.after(async () => {
  await open.close()
  rmSync(folder, { recursive: true, force: true })
})

/** A user who may do what the policy says but for some actions. */
async function userWithout(...missing: string[]): Promise<Order> {
  const Statement = policy.Statement.map((each) => ({ ...each, Action: each.Action.filter((action) => !missing.includes(action)) }))
  const made = await askCloud<{ credentials: { accessKeyId: string; secretAccessKey: string } }>(open.cloud.folder, 'user', {
    name: 'deployer',
    policy: { ...policy, Statement },
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

test('the scripts need every permission of docs/deployer-policy.json, and no other', async () => {
  const order = await userWithout()
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
  assert.is(await leaseHolder(clients, id), undefined)
  await missingLayers(clients, 'crash/local/images', [`sha256:${'0'.repeat(64)}`])
  const [instance] = open.cloud.store.list('instance').filter(({ State }) => State === 'running')
  await startSession(clients, instance!.InstanceId)
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
    RoleName: 'crash-local',
    PolicyName: 'by-hand',
    PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }] }),
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
  const refused = await (await clients.iam()).deleteRole({ RoleName: 'somebody' }).catch((error: Error) => error.name)
  assert.is(refused, 'NoSuchEntityException')
  const denied = await (await clients.ec2()).deleteTags({ Resources: ['vpc-0'] }).catch((error: Error) => error.name)
  assert.is(denied, 'UnauthorizedOperation')
})

test.run()
