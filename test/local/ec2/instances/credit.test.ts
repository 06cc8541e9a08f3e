import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ControlPlane, machineImage, network, openControlPlane, refusal } from '../../cloud.fixture.ts'

let plane: ControlPlane
let launch: (more: object) => Promise<string>

test.before(async () => {
  plane = await openControlPlane()
  const { SubnetId } = await network(plane)
  const ask = { ImageId: await machineImage(plane), InstanceType: 't3.micro' as const, MinCount: 1, MaxCount: 1, SubnetId }
  launch = async (more) => (await plane.ec2.runInstances({ ...ask, ...more })).Instances![0]!.InstanceId!
})
test.after(() => plane.close())

async function shown(...InstanceIds: string[]): Promise<(string | undefined)[]> {
  const { InstanceCreditSpecifications } = await plane.ec2.describeInstanceCreditSpecifications(
    InstanceIds.length > 0 ? { InstanceIds } : {},
  )
  return InstanceCreditSpecifications!.map(({ InstanceId, CpuCredits }) => `${InstanceId} ${CpuCredits}`)
}

test('a burstable instance is unlimited unless it is told otherwise, and those are listed', async () => {
  const told = await launch({ CreditSpecification: { CpuCredits: 'standard' } })
  const untold = await launch({})
  assert.equal(await shown(told, untold), [`${told} standard`, `${untold} unlimited`])
  assert.equal(await shown(), [`${untold} unlimited`])
})

test('a type without CPU credits refuses to be told, and is shown as standard', async () => {
  const large = await launch({ InstanceType: 'm7i.large' })
  assert.equal(await shown(large), [`${large} standard`])
  for (const CpuCredits of ['standard', 'unlimited'])
    assert.match(
      await refusal(launch({ InstanceType: 'm7i.large', CreditSpecification: { CpuCredits } })),
      /^InstanceCreditSpecification.NotSupported: The m7i.large instance type does not support T2 Unlimited/,
    )
})

test('an option that is none is refused, and so is an instance that is none', async () => {
  assert.match(await refusal(launch({ CreditSpecification: { CpuCredits: 'some' } })), /^InvalidParameterValue/)
  assert.match(await refusal(shown('i-00000000000000000')), /^InvalidInstanceID.NotFound/)
  const paged = plane.ec2.describeInstanceCreditSpecifications({ MaxResults: 5 })
  assert.match(await refusal(paged), /^UnsupportedOperation/)
})

test.run()
