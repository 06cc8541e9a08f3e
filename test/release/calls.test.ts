// time limit: 120 s
/**
 * What a deploy asks of AWS: how many calls, and how many of them wait for each other. Counted, not timed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Clients } from '../../src/aws/clients.ts'
import { deploy } from '../../src/release/deploy.ts'
import { planProvision } from '../../src/release/plan/plan-deploy.ts'
import { lookForPlan } from '../../src/release/plan/work.ts'
import { withLease } from '../../src/release/state/with-lease.ts'
import { openCloud } from '../support/open-cloud.ts'
import { freePorts } from '../support/project.ts'
import { configOf, runDestroy } from '../support/verbs.ts'

const folder = mkdtempSync(join(tmpdir(), 'calls-'))
const [port] = await freePorts(1)
const open = await openCloud(folder, port!, 'light')
test.after(async () => {
  await open.close()
  rmSync(folder, { recursive: true, force: true })
})

/** The actions that a work calls, in the order in which they came. */
async function callsOf(work: () => Promise<unknown>): Promise<string[]> {
  open.faults.set([{ action: '*', by: 'user', record: true }])
  await work()
  const calls = open.faults.report()[0]!.calls.map(({ action }) => action)
  open.faults.set([])
  return calls
}

async function provision(): Promise<void> {
  const config = configOf(open.order)
  const clients = new Clients(open.order.access)
  const emit = () => undefined
  const { signal } = new AbortController()
  await withLease({ clients, id: config, verb: 'provision', signal, emit }, async (lease) => {
    const work = await lookForPlan(clients, config, emit, 'provision')
    await deploy(work, planProvision(work), { lease, signal })
  })
}

// Three more than before there were holds, accounts and regions: the lease is read before it is overwritten, and a
// stage without a role is looked for in other regions, and asks whose account it is.
test('provisioning takes at most 37 calls', async () => {
  const calls = await callsOf(provision)
  assert.ok(calls.length <= 37, `${calls.length}: ${calls.join(' ')}`)
})

test('a further one, for which the network is kept, has its machine after 20 calls to EC2, IAM and ECR, and makes nothing else but a group', async () => {
  const all = (await callsOf(provision)).filter((action) => !action.startsWith('ssm:'))
  const calls = all.slice(0, all.indexOf('ec2:AssociateAddress'))
  assert.ok(calls.length <= 20, `${calls.length}: ${calls.join(' ')}`)
  assert.equal(calls.filter((action) => /:(Create|Run|Allocate)/.test(action)).sort(), ['ec2:CreateSecurityGroup', 'ec2:RunInstances'])
})

test('destroying takes at most 37 calls for a stage with one release', async () => {
  await runDestroy(open.order)
  await provision()
  const calls = await callsOf(() => runDestroy(open.order))
  assert.ok(calls.length <= 37, `${calls.length}: ${calls.join(' ')}`)
})

test.run()
