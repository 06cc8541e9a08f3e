import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Clients } from '../../src/aws/clients.ts'
import { errorOf } from '../support/cloud.ts'
import { openCloud } from '../support/open-cloud.ts'
import { freePorts } from '../support/project.ts'
import { type Order, runDeploy, runDestroy } from '../support/verbs.ts'

const folder = mkdtempSync(join(tmpdir(), 'protection-'))
const [port] = await freePorts(1)
const open = await openCloud(folder, port!, 'light')
const { store } = open.cloud
test.after(async () => {
  await open.close()
  rmSync(folder, { recursive: true, force: true })
})

const ec2 = await new Clients(open.order.access).ec2()
const protectedStage: Order = { ...open.order, protect: true }
const running = () => store.list('instance').filter(({ State }) => State === 'running')
/** How often the protection of a machine was changed while `work` ran. */
async function changesIn(work: () => Promise<unknown>): Promise<number> {
  open.faults.set([{ action: 'ec2:ModifyInstanceAttribute' }])
  await work()
  const [rule] = open.faults.report()
  open.faults.set([])
  return rule!.hits
}

test("a protected stage's machine is terminated by nobody but its own deploys and its own destroy", async () => {
  await runDeploy(protectedStage)
  const [first] = running()
  const byHand = await errorOf(ec2.terminateInstances({ InstanceIds: [first!.InstanceId] }))
  assert.is(byHand.name, 'OperationNotPermitted')

  assert.is(await changesIn(() => runDeploy(protectedStage)), 1)
  const [second] = running()
  assert.is(store.get('instance', first!.InstanceId)?.State, 'terminated')
  assert.is(second!.DisableApiTermination, true, 'lifted for the machine that goes, and for no other')

  open.faults.set([{ action: 'ssm:SendCommand', before: { code: 'InvalidDocument', message: 'not today' } }])
  await errorOf(runDeploy(protectedStage))
  open.faults.set([])
  assert.equal(running(), [second], 'what a failed deploy made goes, and what serves stays')

  assert.equal((await runDestroy(protectedStage)).left, [])
  assert.equal(running(), [])
})

test('without protection nothing is asked twice', async () => {
  open.faults.set([{ action: 'ec2:TerminateInstances' }, { action: 'ec2:ModifyInstanceAttribute' }])
  await runDeploy(open.order)
  assert.is(running()[0]!.DisableApiTermination, false)
  assert.equal((await runDestroy(open.order)).left, [])
  assert.equal(
    open.faults.report().map(({ hits }) => hits),
    [1, 0],
  )
})

test('a machine that was protected once is removed after the config has changed', async () => {
  await runDeploy(protectedStage)
  assert.is(await changesIn(() => runDeploy(open.order)), 1)
  assert.is(running()[0]!.DisableApiTermination, false)
  assert.equal((await runDestroy(open.order)).left, [])
})

test.run()
