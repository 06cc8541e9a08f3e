// time limit: 300 s
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { freePorts } from '../support/project.ts'
import { Lane } from './lane.fixture.ts'
import { type Blow, label, momentsOf, type Point, pointsOf, type Scene, scenes } from './point.fixture.ts'

/** The moments that have gone wrong before, or are the hardest; `npm run test:crash` tries all of them. */
const chosen: Readonly<Record<Scene, readonly (readonly [blow: Blow, ...actions: string[]])[]>> = {
  deploy: [
    ['killed after', 'ec2:CreateVpc', 'ec2:CreateSubnet', 'ec2:RunInstances', 'ec2:AssociateAddress'],
    ['answer lost', 'ssm:PutParameter', 'ec2:AllocateAddress', 'ec2:CreateVpc', 'ec2:AttachInternetGateway', 'iam:CreateRole'],
    ['denied', 'ec2:CreateRoute', 'ecr:CreateRepository', 'ec2:DescribeAvailabilityZones'],
    ['never allowed', 'ec2:RunInstances'],
    ['interrupted', 'ec2:CreateSubnet'],
  ],
  redeploy: [
    ['killed before', 'ec2:AssociateAddress'],
    ['killed after', 'ec2:CreateSecurityGroup', 'ec2:AssociateAddress', 'ec2:TerminateInstances'],
    ['server error', 'ec2:AssociateAddress', 'ssm:SendCommand', 'ec2:DeleteSecurityGroup'],
    ['denied', 'ssm:SendCommand', 'ec2:DeleteSecurityGroup'],
    ['interrupted', 'ssm:SendCommand'],
  ],
  destroy: [
    ['killed after', 'iam:DeleteRole'],
    ['answer lost', 'ec2:ReleaseAddress', 'iam:DetachRolePolicy', 'ec2:DeleteVpc', 'ssm:DeleteParameters'],
    ['throttled', 'ec2:TerminateInstances'],
    ['denied', 'ec2:DeleteInternetGateway'],
  ],
}

const [port] = await freePorts(1)
const lane = await Lane.open(port!, 'light', 2)
test.after(() => lane.close())

for (const scene of scenes) {
  test(`a ${scene} that is cut off at any of the hardest moments is taken up by the next command, and nothing is left`, async () => {
    const points = pointsOf(scene, momentsOf(await lane.calls(scene)))
    const problems: string[] = []
    for (const [blow, ...actions] of chosen[scene])
      for (const action of actions) {
        const point = points.find((each): each is Point => each.blow === blow && each.moment.action === action)
        const problem = point ? await lane.try(point) : 'no clean run makes this call'
        if (problem) problems.push(`${point ? label(point) : `${scene}, ${action}`}: ${problem}`)
      }
    assert.equal(problems, [])
  })
}

test.run()
