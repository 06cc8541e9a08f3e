// time limit: 240 s
import { rmSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { agentOnline, runCommand } from '../../../src/aws/run-command.ts'
import { deploy } from '../../../src/release/deploy.ts'
import { planProvision } from '../../../src/release/plan/plan-deploy.ts'
import { lookForPlan } from '../../../src/release/plan/work.ts'
import type { Lease } from '../../../src/release/state/lease.ts'
import { lookAt } from '../../../src/release/state/stage-state.ts'
import { until } from '../../support/client.ts'
import { createTestCloud, freePort } from '../../support/cloud.ts'
import { configOf } from '../config.fixture.ts'

const cloud = await createTestCloud()
const { clients } = cloud
const config = configOf({ port: await freePort() })
test.after(async () => {
  await cloud.end()
  rmSync(config.folder, { recursive: true })
})

const { signal } = new AbortController()
const lease: Lease = { signal, takeAlong: () => undefined, release: async () => undefined }
const command = async (script: string) => {
  const { serving } = await lookAt(clients, config)
  const options = { comment: 'Look', seconds: 60, signal, waiting: () => undefined }
  return (await runCommand(clients, serving!.instance.id, script, options)).stdout.trim()
}

test('a machine that was stopped and started leaves by the address of the stage, and takes commands again', async () => {
  const work = await lookForPlan(clients, config, () => undefined, 'provision')
  const { address } = await deploy(work, planProvision(work), { lease, signal })
  const { instance } = (await lookAt(clients, config)).serving!
  assert.match(await command('ip -4 route show default'), `src ${instance.privateIp} `)
  const ec2 = await clients.ec2()
  const InstanceIds = [instance.id]
  const stateIs = async (wanted: string) => (await lookAt(clients, config)).serving?.instance.state === wanted
  await ec2.stopInstances({ InstanceIds })
  await until(() => stateIs('stopped'), 60)
  await ec2.startInstances({ InstanceIds })
  await until(() => stateIs('running'), 60)
  // AWS gives it no public address of its own beside the stage's.
  const started = (await lookAt(clients, config)).serving!.instance
  assert.equal([started.publicIp, started.secondIp], [undefined, instance.secondIp])
  await agentOnline(clients, instance.id, signal, () => undefined)
  assert.match(await command('ip -4 route show default'), `src ${instance.secondIp} `)
  assert.is((await lookAt(clients, config)).elasticIp?.address, address)
  // A boot begins with the usual route.
  await ec2.rebootInstances({ InstanceIds })
  await until(async () => (await command('ip -4 route show default').catch(() => '')).includes(`src ${instance.secondIp} `), 60)
})

test.run()
