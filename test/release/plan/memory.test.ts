import { rmSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ConfigOptions } from '../../../config/schema/options.ts'
import { machineType } from '../../../src/aws/resources/machine-type.ts'
import { instanceTypes } from '../../../src/local/ec2/instances/instance-type.ts'
import { containerMemoryMiB } from '../../../src/local/machine/memory/capacity.ts'
import { recipesOf } from '../../../src/release/launch/images.ts'
import { containersMiB, limitsOf, refuseTooSmall } from '../../../src/release/plan/memory.ts'
import { lookForPlan } from '../../../src/release/plan/work.ts'
import type { Failure } from '../../../src/report/failure.ts'
import { createTestCloud, errorOf } from '../../support/cloud.ts'
import { configOf } from '../config.fixture.ts'

const cloud = await createTestCloud()
const { clients } = cloud
const folders: string[] = []
test.after(async () => {
  await cloud.end()
  for (const folder of folders) rmSync(folder, { recursive: true })
})
test.after.each(() => cloud.faults())

/** One service with such a limit, on such a machine. */
function config(memoryMiB: number, instance: ConfigOptions['instance'], also: Partial<ConfigOptions> = {}) {
  const services = { web: { entry: './services/web/server.ts', port: 8001, memoryMiB } }
  const made = configOf({ services, instance: instance!, ...also })
  folders.push(made.folder)
  return made
}

const look = (...[memoryMiB, instance, also]: Parameters<typeof config>) =>
  lookForPlan(clients, config(memoryMiB, instance, also), () => undefined, 'deploy')
const refusal = async (...given: Parameters<typeof config>) => (await errorOf(look(...given))) as Failure

/** The default release on AWS: two services, all of monitoring, the secrets agent. */
const whole: Partial<ConfigOptions> = {
  base: 'registry.test/node:24',
  services: {
    'ml-inference': { entry: './services/web/server.ts', port: 8001, auth: 'token' },
    'data-ingestion': { entry: './services/web/server.ts', port: 8002, auth: 'token' },
  },
}

test('a machine whose memory holds all limits is taken, to the last MiB, and nothing more is asked', async () => {
  await cloud.faults({ action: 'ec2:DescribeInstanceTypes', record: true })
  assert.is((await look(712, { type: 't3.micro' })).machine.facts[0]!.memoryMiB, 1024)
  assert.equal(await cloud.hits(), [1])
  assert.is((await refusal(713, { type: 't3.micro' })).code, 2)
})

test('the default release fits the default machine, and no smaller one', async () => {
  const all = configOf({ ...whole, monitoring: {} })
  const micro = { ...all, instance: { ...all.instance, type: 't3.micro' } }
  folders.push(all.folder)
  const recipes = recipesOf(all)
  const limits = limitsOf(all, recipes)
  assert.equal(
    limits.map(({ name, memoryMiB }) => `${name} ${memoryMiB}`),
    ['grafana 512', 'ml-inference 256', 'data-ingestion 256', 'prometheus 256', 'alertmanager 128', 'secrets 128', 'node-exporter 64'],
  )
  await refuseTooSmall(clients, all, recipes, await machineType(clients, all.instance.type))
  const failure = (await errorOf(refuseTooSmall(clients, micro, recipes, await machineType(clients, 't3.micro')))) as Failure
  assert.is(failure.message, "t3.micro is too small: the containers' limits are 1600 MiB together, and 712 are left for them")
  assert.equal(failure.details, {
    on: 'instance.type in the config',
    likely:
      'Of its 1024 MiB the kernel keeps 112, container engine and agent 200. The largest limits: grafana 512, ml-inference 256, data-ingestion 256.',
    next: 'Name t3.small in instance.type, the smallest t3 that fits, or lower memoryMiB, or add instance.swapMiB.',
    code: 2,
  })
})

test('swap counts as memory', async () => {
  await look(912, { type: 't3.micro', swapMiB: 200 })
  const failure = await refusal(913, { type: 't3.micro', swapMiB: 200 })
  assert.is(failure.message, "t3.micro is too small: the containers' limits are 913 MiB together, and 912 are left for them")
  assert.match(failure.details.likely!, /agent 200; 200 of swap come on top\./)
})

test('types that may take the place of the first must be large enough too', async () => {
  const failure = await refusal(800, { type: 't3.small', fallbackTypes: ['t3a.small', 't3a.micro'] })
  assert.match(failure.message, /^t3a\.micro is too small/)
  assert.is(failure.details.on, 'instance.fallbackTypes in the config')
  assert.match(failure.details.next!, /^Name t3a\.small in instance\.fallbackTypes/)
})

test('where no type of the family is large enough, that is said', async () => {
  assert.match((await refusal(100_000, { type: 't4g.micro' })).details.next!, /^No t4g is large enough/)
})

test('monitoring that is not launched takes nothing', () => {
  const made = config(256, {}, { monitoring: false })
  assert.equal(limitsOf(made, recipesOf(made)), [{ name: 'web', memoryMiB: 256 }])
})

test('the deploy path and the embedded cloud agree on what a machine has for containers', () => {
  for (const { name, memoryMiB } of instanceTypes) assert.is(containersMiB(memoryMiB, 0), containerMemoryMiB(memoryMiB), name)
})

test.run()
