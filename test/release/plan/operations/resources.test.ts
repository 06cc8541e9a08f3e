import { rmSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { MachineType } from '../../../../src/aws/resources/machine-type.ts'
import { creditsOf } from '../../../../src/release/plan/operations/resources.ts'
import { configOf } from '../../config.fixture.ts'

const config = configOf({ instance: { type: 't3.small', fallbackTypes: ['m6i.large'] } })
test.after(() => rmSync(config.folder, { recursive: true }))

test('types with CPU credits are told what to do when they are spent, by default not to go on, and the others nothing', () => {
  const facts = [
    { name: 't3.small', memoryMiB: 2048, burstable: true },
    { name: 'm6i.large', memoryMiB: 8192, burstable: false },
  ]
  const machine = { facts } as unknown as MachineType
  assert.equal(creditsOf({ config, machine }), { 't3.small': 'standard' })
  const unlimited = { ...config, instance: { ...config.instance, credits: 'unlimited' as const } }
  assert.equal(creditsOf({ config: unlimited, machine }), { 't3.small': 'unlimited' })
})

test.run()
