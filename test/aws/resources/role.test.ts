import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Clients } from '../../../src/aws/clients.ts'
import { down, up } from '../../../src/aws/graph/graph.ts'
import { type InstanceProfile, instanceProfile } from '../../../src/aws/resources/instance-profile.ts'
import { arnOf, managedInstanceCore } from '../../../src/aws/resources/managed-policy.ts'
import { role, roles } from '../../../src/aws/resources/role.ts'
import type { Failure } from '../../../src/report/failure.ts'
import { contextFor, createTestCloud, errorOf, ownerNamed } from '../../support/cloud.ts'
import { find } from '../find.fixture.ts'

const cloud = await createTestCloud()
const { clients } = cloud
const iam = await clients.iam()
test.after(cloud.end)
test.after.each(() => cloud.faults())

const policy = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 'ecr:GetAuthorizationToken', Resource: '*' }] }

function identity(name: string) {
  const owner = ownerNamed(name)
  const theRole = role({ tags: owner.of('role'), name: owner.name, managed: [managedInstanceCore], policy: () => policy })
  const profile = instanceProfile({ tags: owner.of('profile'), name: owner.name, role: theRole })
  return {
    RoleName: `${owner.name}-eu-west-1`,
    PolicyName: owner.name,
    up: () => up([profile], contextFor(clients, owner), 'create'),
    there: () => find([profile], contextFor(clients, owner)),
    down: () => down([profile, theRole], contextFor(clients, owner), 'destroy'),
  }
}

test('a role may be assumed by instances, and has the managed policy and its own', async () => {
  const { up, there, down, RoleName, PolicyName } = identity('whole')
  const { outputs } = await up()
  assert.equal(await there(), outputs)
  const { Role } = await iam.getRole({ RoleName })
  assert.equal(JSON.parse(decodeURIComponent(Role!.AssumeRolePolicyDocument!)).Statement, [
    { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
  ])
  const { AttachedPolicies } = await iam.listAttachedRolePolicies({ RoleName })
  assert.equal(
    AttachedPolicies?.map(({ PolicyName }) => PolicyName),
    ['AmazonSSMManagedInstanceCore'],
  )
  const { PolicyDocument } = await iam.getRolePolicy({ RoleName, PolicyName })
  assert.equal(JSON.parse(decodeURIComponent(PolicyDocument!)), policy)
  assert.equal((outputs.get('instance profile') as InstanceProfile).roles, [RoleName])
  await down()
  assert.is((await there()).size, 0)
})

test('where AWS lacks the managed policy, the role gets the same rights inline', async () => {
  const { up, down, RoleName, PolicyName: own } = identity('inline')
  const message = `Policy ${arnOf(managedInstanceCore, 'aws')} does not exist or is not attachable.`
  await cloud.faults({ action: 'iam:AttachRolePolicy', before: { code: 'NoSuchEntity', message, status: 404 } })
  await up()
  assert.equal((await iam.listRolePolicies({ RoleName })).PolicyNames?.sort(), [managedInstanceCore.name, own].sort())
  const { PolicyDocument } = await iam.getRolePolicy({ RoleName, PolicyName: managedInstanceCore.name })
  assert.equal(JSON.parse(decodeURIComponent(PolicyDocument!)), managedInstanceCore.document)
  await down()
})

test('a role that IAM does not know everywhere yet is waited for', async () => {
  const { up, down, RoleName } = identity('late')
  const unknown = { code: 'NoSuchEntity', message: `The role with name ${RoleName} cannot be found.`, status: 404 }
  await cloud.faults(
    { action: 'iam:AttachRolePolicy', before: unknown, count: 1 },
    { action: 'iam:AddRoleToInstanceProfile', before: unknown, count: 1 },
  )
  await up()
  assert.equal(await cloud.hits(), [1, 1])
  assert.is((await iam.listAttachedRolePolicies({ RoleName })).AttachedPolicies?.length, 1)
  await down()
})

test('a profile whose role was added by a call whose answer was lost is complete', async () => {
  const { up, down, there } = identity('lost')
  await cloud.faults(
    { action: 'iam:CreateRole', after: 'drop', count: 1 },
    { action: 'iam:CreateInstanceProfile', after: '500', count: 1 },
    { action: 'iam:AddRoleToInstanceProfile', after: '500', count: 1 },
  )
  await up()
  assert.equal(await cloud.hits(), [1, 1, 1])
  assert.equal(((await there()).get('instance profile') as InstanceProfile).roles, ['test-lost-eu-west-1'])
  await cloud.faults()
  await up()
  await down()
})

test('a profile whose role was taken out by somebody else goes all the same', async () => {
  const { up, down, there, RoleName } = identity('emptied')
  await up()
  // The removal has looked already when the role goes: AWS answers that it is not there.
  await cloud.faults({ action: 'iam:RemoveRoleFromInstanceProfile', after: 'drop', count: 1 })
  await down()
  assert.is((await there()).size, 0)
  assert.is((await errorOf(iam.getRole({ RoleName }))).name, 'NoSuchEntityException')
})

test("a role or a profile that has the owner's name and not its tags is neither taken over nor removed", async () => {
  const { up, down, RoleName } = identity('stranger')
  await iam.createInstanceProfile({ InstanceProfileName: RoleName })
  const ec2 = { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [ec2] })
  await iam.createRole({ RoleName, AssumeRolePolicyDocument })
  const failure = (await errorOf(up())) as Failure
  assert.is(failure.message, 'Another role has the name that this stage needs\nHeld up by it: instance profile')
  assert.is(failure.details.likely, 'It does not carry the tags test:owner=stranger, so it was not made by this stage.')
  assert.match((await errorOf(down())).message, /^Another role has the name that this stage needs/)
  await iam.getRole({ RoleName })
  await iam.getInstanceProfile({ InstanceProfileName: RoleName })
})

test('a role is made with the permissions boundary that is wanted', async () => {
  const owner = ownerNamed('bounded')
  const boundary = arnOf(managedInstanceCore, 'aws')
  const bounded = role({ tags: owner.of('role'), name: owner.name, managed: [], policy: () => policy, boundary })
  await up([bounded], contextFor(clients, owner), 'create')
  const { Role } = await iam.getRole({ RoleName: `${owner.name}-eu-west-1` })
  assert.is(Role!.PermissionsBoundary?.PermissionsBoundaryArn, boundary)
  await down([bounded], contextFor(clients, owner), 'destroy')
})

test('a role says where a stage is: in another region the same stage is refused, and another one is not', async () => {
  const { up: upHere, down: downHere } = identity('moved')
  await upHere()
  const elsewhere = new Clients({ ...clients.access, region: 'ap-southeast-1' })
  const look = (name: string) => contextFor(elsewhere, ownerNamed(name)).inventory.all(roles)
  const failure = (await errorOf(look('moved'))) as Failure
  assert.equal(
    [failure.message, failure.code, failure.details.on],
    ['The stage is in eu-west-1, and the config says ap-southeast-1', 2, 'role test-moved-eu-west-1'],
  )
  assert.is(failure.details.next, "Set region: 'eu-west-1' in the config. To move the stage, destroy it there first.")
  // The names of these begin likewise, and their tags say that they are others.
  for (const name of ['mo', 'moved-eu']) assert.equal(await look(name), [])
  await downHere()
  assert.equal(await look('moved'), [])
})

test('a profile whose role somebody has removed is used again, but one of somebody else is not', async () => {
  const { up, down, RoleName } = identity('bereft')
  await iam.createInstanceProfile({ InstanceProfileName: RoleName, Tags: [{ Key: 'test:owner', Value: 'bereft' }] })
  await up()
  const { InstanceProfile } = await iam.getInstanceProfile({ InstanceProfileName: RoleName })
  assert.equal(
    InstanceProfile!.Roles!.map((role) => role.RoleName),
    [RoleName],
  )
  await down()
  await iam.createInstanceProfile({ InstanceProfileName: RoleName })
  assert.match((await errorOf(up())).message, /^Another instance profile has the name that this stage needs/)
})

test('could not look is not the same as absent', async () => {
  const { up } = identity('denied')
  await cloud.faults({ action: 'iam:GetRole', before: { code: 'AccessDenied', status: 403 } })
  const error = await errorOf(up())
  assert.match(error.message, /^Could not create role: AccessDenied/)
  await cloud.faults()
  await up()
  await cloud.faults({ action: 'iam:GetInstanceProfile', before: { code: 'AccessDenied', status: 403 } })
  assert.match((await errorOf(up())).message, /^Could not create instance profile: AccessDenied/)
  await cloud.faults()
  await identity('denied').down()
})

test.run()
