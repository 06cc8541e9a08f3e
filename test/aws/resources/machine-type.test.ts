import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { machineType } from '../../../src/aws/resources/machine-type.ts'
import { zoneChoice } from '../../../src/aws/resources/zones.ts'
import type { Failure } from '../../../src/report/failure.ts'
import { createTestCloud, errorOf } from '../../support/cloud.ts'

const cloud = await createTestCloud()
const { clients } = cloud
test.after(cloud.end)
test.after.each(() => cloud.faults())

test('AWS says the architecture of a type, its vCPUs, the zones that offer it, and the image for it', async () => {
  const intel = await machineType(clients, 't3.micro')
  assert.is(intel.architecture, 'amd64')
  assert.equal(intel.types, ['t3.micro'])
  assert.equal(intel.vCpus, { 't3.micro': 2 })
  assert.equal(intel.facts, [{ name: 't3.micro', memoryMiB: 1024, burstable: true }])
  assert.equal(
    intel.zones,
    ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'].map((name) => ({ name, types: ['t3.micro'] })),
  )
  assert.match(intel.imageId, /^ami-[0-9a-f]{17}$/)
  const arm = await machineType(clients, 't4g.micro')
  assert.is(arm.architecture, 'arm64')
  assert.is.not(arm.imageId, intel.imageId)
})

test('a network is put into Availability Zones, first into those that offer most of the types, and never into a Local Zone', async () => {
  // A Local Zone has it too, and would come first by its name.
  const { zones } = await machineType(clients, 't3.medium')
  assert.ok(zones.some(({ name }) => name === 'eu-west-1-bkk-1a'))
  assert.equal(await zoneChoice(clients, zones)(), ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'])

  const offer = (type: string, zone: string) => ({ InstanceType: type, LocationType: 'availability-zone', Location: `eu-west-1${zone}` })
  const InstanceTypeOfferings = [offer('t3.micro', 'a'), offer('t3.micro', 'b'), offer('t3.small', 'b'), offer('t3.medium', 'c')]
  await cloud.faults(
    { action: 'ec2:DescribeInstanceTypeOfferings', instead: { InstanceTypeOfferings } },
    { action: 'ec2:DescribeAvailabilityZones', record: true },
  )
  const several = await machineType(clients, 't3.micro', ['t3.small', 't3.medium'])
  assert.equal(several.types, ['t3.micro', 't3.small', 't3.medium'])
  const choice = zoneChoice(clients, several.zones)
  assert.equal([await choice(), await choice()], Array(2).fill(['eu-west-1b', 'eu-west-1a', 'eu-west-1c']))
  assert.equal(await cloud.hits(), [1, 1])
})

test('a type that does not exist, or is not offered, is named with the way to list those that are', async () => {
  const unknown = (await errorOf(machineType(clients, 't3.mikro'))) as Failure
  assert.is(unknown.message, 'No zone of eu-west-1 offers t3.mikro')
  assert.match(unknown.details.next!, /--region eu-west-1/)
  await cloud.faults({ action: 'ec2:DescribeInstanceTypeOfferings', instead: { InstanceTypeOfferings: [] } })
  assert.is((await errorOf(machineType(clients, 't3.micro'))).message, 'No zone of eu-west-1 offers t3.micro')
})

test('types of another architecture cannot take the place of the first', async () => {
  const failure = (await errorOf(machineType(clients, 't3.micro', ['t4g.micro']))) as Failure
  assert.is(failure.message, 't4g.micro cannot take the place of t3.micro: arm64, not amd64')
  assert.is(failure.code, 2)
})

test('an AWS that names no machine image is no complete one', async () => {
  await cloud.faults({ action: 'ssm:GetParameters', instead: { Parameters: [] } })
  const failure = (await errorOf(machineType(clients, 't3.micro'))) as Failure
  assert.is(failure.message, 'AWS names no Amazon Linux 2023 image for amd64 in eu-west-1')
})

test('a type without CPU credits is told from one that has them, in the order of the config', async () => {
  const { facts } = await machineType(clients, 'm6i.large', ['t3.small'])
  assert.equal(
    facts.map(({ name, burstable }) => [name, burstable]),
    [
      ['m6i.large', false],
      ['t3.small', true],
    ],
  )
})

test('could not ask is not the same as not offered', async () => {
  await cloud.faults({ action: 'ec2:DescribeInstanceTypes', before: { code: 'UnauthorizedOperation' } })
  assert.is((await errorOf(machineType(clients, 't3.micro'))).name, 'UnauthorizedOperation')
})

test.run()
