import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ControlPlane, openControlPlane, refusal } from '../cloud.fixture.ts'

let plane: ControlPlane
let iam: ControlPlane['iam']
const AssumeRolePolicyDocument = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
})
const core = 'arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore'
const allowAll = JSON.stringify({ Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] })

test.before(async () => {
  plane = await openControlPlane()
  iam = plane.iam
})
test.after(() => plane.close())

test('a role is created once, shown, tagged and listed', async () => {
  const RoleName = 'app-role'
  const { Role } = await iam.createRole({
    RoleName,
    AssumeRolePolicyDocument,
    Path: '/app/',
    Description: 'd',
    Tags: [{ Key: 'a', Value: '1' }],
  })
  assert.is(Role?.Arn, 'arn:aws:iam::000000000000:role/app/app-role')
  assert.match(String(Role?.RoleId), /^AROA[A-Z2-7]{17}$/)
  assert.is(
    await refusal(iam.createRole({ RoleName, AssumeRolePolicyDocument })),
    'EntityAlreadyExistsException: Role with name app-role already exists.',
  )
  const shown = (await iam.getRole({ RoleName })).Role
  assert.is(decodeURIComponent(shown?.AssumeRolePolicyDocument ?? ''), AssumeRolePolicyDocument)
  await iam.tagRole({
    RoleName,
    Tags: [
      { Key: 'a', Value: '2' },
      { Key: 'b', Value: '3' },
    ],
  })
  await iam.untagRole({ RoleName, TagKeys: ['b'] })
  assert.equal((await iam.listRoleTags({ RoleName })).Tags, [{ Key: 'a', Value: '2' }])
  const { Roles } = await iam.listRoles({ PathPrefix: '/app/' })
  assert.equal(
    Roles?.map(({ RoleName: name, Tags }) => [name, Tags]),
    [['app-role', undefined]],
    'a list has no tags, as in AWS',
  )
  assert.equal((await iam.listRoles({ PathPrefix: '/other/' })).Roles, [])
  await iam.updateAssumeRolePolicy({ RoleName, PolicyDocument: AssumeRolePolicyDocument.replace('ec2', 'ecs-tasks') })
  assert.match(decodeURIComponent((await iam.getRole({ RoleName })).Role?.AssumeRolePolicyDocument ?? ''), /ecs-tasks/)
  await iam.deleteRole({ RoleName })
  assert.is(await refusal(iam.getRole({ RoleName })), 'NoSuchEntityException: The role with name app-role cannot be found.')
})

test('names, paths, tags and documents that AWS would refuse are refused', async () => {
  const create = (more: object) => refusal(iam.createRole({ RoleName: 'x', AssumeRolePolicyDocument, ...more }))
  assert.match(await create({ RoleName: 'a b' }), /^ValidationError/)
  assert.match(await create({ RoleName: 'a'.repeat(65) }), /less than or equal to 64/)
  assert.match(await create({ Path: 'app' }), /path is invalid/)
  assert.match(await create({ Tags: [{ Key: 'aws:x', Value: '' }] }), /^InvalidInput/)
  assert.match(
    await create({
      Tags: [
        { Key: 'a', Value: '' },
        { Key: 'a', Value: '' },
      ],
    }),
    /Duplicate tag keys/,
  )
  assert.match(await create({ Tags: Array.from({ length: 51 }, (_, index) => ({ Key: `${index}`, Value: '' })) }), /^LimitExceeded/)
  assert.match(await create({ PermissionsBoundary: 'arn:aws:iam::000000000000:policy/nowhere' }), /^NoSuchEntity/)
  assert.match(await create({ AssumeRolePolicyDocument: '{' }), /^MalformedPolicyDocument.*invalid Json/)
  assert.match(await create({ AssumeRolePolicyDocument: '{}' }), /Syntax errors/)
  assert.match(await create({ AssumeRolePolicyDocument: allowAll }), /Missing required field Principal/)
  assert.match(await refusal(iam.createRole({ RoleName: 'x' } as never)), /AssumeRolePolicyDocument/)
})

test('a role goes only after its policies and its profile', async () => {
  const RoleName = 'busy'
  await iam.createRole({ RoleName, AssumeRolePolicyDocument })
  await iam.putRolePolicy({ RoleName, PolicyName: 'inline', PolicyDocument: allowAll })
  await iam.attachRolePolicy({ RoleName, PolicyArn: core })
  await iam.attachRolePolicy({ RoleName, PolicyArn: core })
  await iam.createInstanceProfile({ InstanceProfileName: 'busy' })
  await iam.addRoleToInstanceProfile({ InstanceProfileName: 'busy', RoleName })
  const blocked = async () => await refusal(iam.deleteRole({ RoleName }))
  assert.is(await blocked(), 'DeleteConflictException: Cannot delete entity, must remove roles from instance profile first.')
  await iam.removeRoleFromInstanceProfile({ InstanceProfileName: 'busy', RoleName })
  assert.is(await blocked(), 'DeleteConflictException: Cannot delete entity, must detach all policies first.')
  assert.equal((await iam.listAttachedRolePolicies({ RoleName })).AttachedPolicies, [
    { PolicyName: 'AmazonSSMManagedInstanceCore', PolicyArn: core },
  ])
  await iam.detachRolePolicy({ RoleName, PolicyArn: core })
  assert.match(await refusal(iam.detachRolePolicy({ RoleName, PolicyArn: core })), /^NoSuchEntity/)
  assert.is(await blocked(), 'DeleteConflictException: Cannot delete entity, must delete policies first.')
  assert.equal((await iam.listRolePolicies({ RoleName })).PolicyNames, ['inline'])
  assert.is(decodeURIComponent((await iam.getRolePolicy({ RoleName, PolicyName: 'inline' })).PolicyDocument ?? ''), allowAll)
  await iam.deleteRolePolicy({ RoleName, PolicyName: 'inline' })
  assert.match(await refusal(iam.deleteRolePolicy({ RoleName, PolicyName: 'inline' })), /^NoSuchEntity/)
  await iam.deleteRole({ RoleName })
})

test('policies are checked, bounded, and managed ones are those of AWS that the cloud has', async () => {
  const RoleName = 'limits'
  await iam.createRole({ RoleName, AssumeRolePolicyDocument })
  const put = (PolicyDocument: string, PolicyName = 'p') => refusal(iam.putRolePolicy({ RoleName, PolicyName, PolicyDocument }))
  assert.match(await put('[]'), /^MalformedPolicyDocument/)
  assert.match(await put('{"Statement":{"Effect":"Maybe"}}'), /Syntax errors/)
  assert.match(await put('{"Statement":{"Effect":"Allow","Resource":"*"}}'), /must contain actions/)
  assert.match(await put('{"Statement":{"Effect":"Allow","Action":"*"}}'), /must contain resources/)
  assert.match(await put(allowAll, 'a b'), /^ValidationError/)
  assert.match(await put(JSON.stringify({ Statement: { Effect: 'Allow', Action: 'a'.repeat(10_240), Resource: '*' } })), /^LimitExceeded/)
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess'
  assert.match(await refusal(iam.attachRolePolicy({ RoleName, PolicyArn })), /^NoSuchEntityException: Policy .* does not exist/)
  assert.match(await refusal(iam.getPolicy({ PolicyArn })), /^NoSuchEntity/)
  assert.is((await iam.getPolicy({ PolicyArn: core })).Policy?.PolicyName, 'AmazonSSMManagedInstanceCore')
})

test('an instance profile holds one role', async () => {
  const InstanceProfileName = 'machine'
  const { InstanceProfile } = await iam.createInstanceProfile({ InstanceProfileName, Tags: [{ Key: 'a', Value: '1' }] })
  assert.is(InstanceProfile?.Arn, 'arn:aws:iam::000000000000:instance-profile/machine')
  assert.match(await refusal(iam.createInstanceProfile({ InstanceProfileName })), /^EntityAlreadyExists/)
  for (const RoleName of ['one', 'two']) await iam.createRole({ RoleName, AssumeRolePolicyDocument })
  await iam.addRoleToInstanceProfile({ InstanceProfileName, RoleName: 'one' })
  assert.is(
    await refusal(iam.addRoleToInstanceProfile({ InstanceProfileName, RoleName: 'two' })),
    'LimitExceededException: Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1',
  )
  assert.match(await refusal(iam.addRoleToInstanceProfile({ InstanceProfileName, RoleName: 'three' })), /^NoSuchEntity/)
  assert.equal(
    (await iam.getInstanceProfile({ InstanceProfileName })).InstanceProfile?.Roles?.map(({ RoleName }) => RoleName),
    ['one'],
  )
  const { InstanceProfiles } = await iam.listInstanceProfilesForRole({ RoleName: 'one' })
  assert.equal(
    InstanceProfiles?.map(({ InstanceProfileName: name }) => name),
    [InstanceProfileName],
  )
  await iam.tagInstanceProfile({ InstanceProfileName, Tags: [{ Key: 'b', Value: '2' }] })
  await iam.untagInstanceProfile({ InstanceProfileName, TagKeys: ['a'] })
  assert.equal((await iam.listInstanceProfileTags({ InstanceProfileName })).Tags, [{ Key: 'b', Value: '2' }])
  assert.match(await refusal(iam.deleteInstanceProfile({ InstanceProfileName })), /^DeleteConflict/)
  assert.match(await refusal(iam.removeRoleFromInstanceProfile({ InstanceProfileName, RoleName: 'two' })), /^NoSuchEntity/)
  await iam.removeRoleFromInstanceProfile({ InstanceProfileName, RoleName: 'one' })
  await iam.deleteInstanceProfile({ InstanceProfileName })
  assert.match(await refusal(iam.getInstanceProfile({ InstanceProfileName })), /Instance Profile machine cannot be found/)
})

test('lists come in pages', async () => {
  for (let index = 0; index < 5; index++) await iam.createInstanceProfile({ InstanceProfileName: `page-${index}` })
  const names: string[] = []
  let Marker: string | undefined
  do {
    const answer = await iam.listInstanceProfiles({ MaxItems: 2, ...(Marker && { Marker }) })
    names.push(...(answer.InstanceProfiles ?? []).map(({ InstanceProfileName }) => InstanceProfileName as string))
    Marker = answer.IsTruncated ? answer.Marker : undefined
  } while (Marker)
  assert.equal(names, ['busy', 'page-0', 'page-1', 'page-2', 'page-3', 'page-4'])
  assert.match(await refusal(iam.listInstanceProfiles({ MaxItems: 0 })), /^ValidationError/)
})

test.run()
