import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { until } from '../../support/client.ts'
import { type ControlPlane, openControlPlane, refusal } from '../cloud.fixture.ts'

let plane: ControlPlane
let ssm: ControlPlane['ssm']

test.before(async () => {
  plane = await openControlPlane()
  ssm = plane.ssm
})
test.after(() => plane.close())

test('of twenty that create the same parameter at once, one succeeds', async () => {
  const attempts = Array.from({ length: 20 }, (_, index) => ssm.putParameter({ Name: '/lease', Value: `${index}`, Type: 'String' }))
  const outcomes = await Promise.allSettled(attempts)
  const won = outcomes.findIndex(({ status }) => status === 'fulfilled')
  assert.is(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
  for (const outcome of outcomes) if (outcome.status === 'rejected') assert.is(outcome.reason.name, 'ParameterAlreadyExists')
  assert.is((await ssm.getParameter({ Name: '/lease' })).Parameter?.Value, `${won}`)
})

test('overwriting makes a new version and keeps type and tags', async () => {
  const Name = '/app/value'
  assert.equal((await ssm.putParameter({ Name, Value: 'one', Type: 'String', Tags: [{ Key: 'a', Value: 'b' }] })).Version, 1)
  assert.match(
    await refusal(ssm.putParameter({ Name, Value: 'x', Overwrite: true, Tags: [{ Key: 'c', Value: 'd' }] })),
    /tags and overwrite can't be used together/,
  )
  assert.equal((await ssm.putParameter({ Name, Value: 'two', Overwrite: true })).Version, 2)
  const { Parameter } = await ssm.getParameter({ Name })
  assert.equal([Parameter?.Value, Parameter?.Type, Parameter?.Version], ['two', 'String', 2])
  assert.is(Parameter?.ARN, 'arn:aws:ssm:eu-west-1:000000000000:parameter/app/value')
  assert.ok(Date.now() - Number(Parameter?.LastModifiedDate) < 60_000)
  assert.is((await ssm.getParameter({ Name: Parameter?.ARN as string })).Parameter?.Value, 'two')
  assert.is((await ssm.getParameter({ Name: `${Name}:2` })).Parameter?.Value, 'two')
  assert.match(await refusal(ssm.getParameter({ Name: `${Name}:7` })), /^ParameterVersionNotFound/)
  const { Parameters } = await ssm.getParameterHistory({ Name })
  assert.equal(
    Parameters?.map(({ Version, Value }) => [Version, Value]),
    [
      [1, 'one'],
      [2, 'two'],
    ],
  )
  assert.equal((await ssm.listTagsForResource({ ResourceType: 'Parameter', ResourceId: Name })).TagList, [{ Key: 'a', Value: 'b' }])
  await ssm.addTagsToResource({ ResourceType: 'Parameter', ResourceId: Name, Tags: [{ Key: 'c', Value: 'd' }] })
  await ssm.removeTagsFromResource({ ResourceType: 'Parameter', ResourceId: Name, TagKeys: ['a'] })
  assert.equal((await ssm.listTagsForResource({ ResourceType: 'Parameter', ResourceId: Name })).TagList, [{ Key: 'c', Value: 'd' }])
  assert.match(await refusal(ssm.listTagsForResource({ ResourceType: 'Parameter', ResourceId: '/none' })), /^InvalidResourceId/)
  assert.match(await refusal(ssm.listTagsForResource({ ResourceType: 'Document', ResourceId: Name })), /^InvalidResourceType/)
})

test('a SecureString is shown to who asks for it, and lies encrypted on the disk', async () => {
  const Name = '/app/secret'
  const marker = 'very-secret-marker'
  await ssm.putParameter({ Name, Value: marker, Type: 'SecureString' })
  assert.is((await ssm.getParameter({ Name, WithDecryption: true })).Parameter?.Value, marker)
  assert.is.not((await ssm.getParameter({ Name })).Parameter?.Value, marker)
  const { Parameters } = await ssm.describeParameters({ ParameterFilters: [{ Key: 'Name', Values: [Name] }] })
  assert.equal([Parameters?.[0]?.Name, Parameters?.[0]?.KeyId], [Name, 'alias/aws/ssm'])
  assert.not(JSON.stringify(Parameters).includes(marker))
  const files = readdirSync(plane.folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile())
  for (const file of files) assert.not(readFileSync(path.join(file.parentPath, file.name)).includes(marker), file.name)
})

test('names, values and types that AWS would refuse are refused', async () => {
  const put = (more: object) => refusal(ssm.putParameter({ Name: '/app/x', Value: 'v', Type: 'String', ...more }))
  assert.match(await put({ Name: '/aws/x' }), /can't be prefixed/)
  assert.match(await put({ Name: 'SSM-x' }), /can't be prefixed/)
  assert.match(await put({ Name: 'a/b' }), /fully qualified/)
  assert.match(await put({ Name: '/a//b' }), /empty levels/)
  assert.match(await put({ Name: '/a b' }), /^ValidationException/)
  assert.match(await put({ Name: `/${'a'.repeat(1011)}` }), /1011/)
  assert.match(await put({ Name: `/${'a/'.repeat(15)}a` }), /^HierarchyLevelLimitExceeded/)
  assert.match(await put({ Value: '' }), /^ValidationException/)
  assert.match(await put({ Value: 'a'.repeat(4097) }), /maximum parameter value of 4096/)
  assert.match(await put({ Value: '{{x}}' }), /nested parameters/)
  assert.match(await put({ Type: 'Number' }), /parameter type is required/)
  assert.match(await put({ AllowedPattern: '^\\d+$' }), /^ParameterPatternMismatch/)
  assert.match(await put({ AllowedPattern: '(' }), /^InvalidAllowedPattern/)
  assert.match(await put({ Tags: [{ Key: 'aws:x', Value: '' }] }), /tag 'aws:x' is not valid/)
  assert.match(await refusal(ssm.getParameter({ Name: '/app/x' })), /^ParameterNotFound/)
  await ssm.putParameter({ Name: '/app/big', Value: 'a'.repeat(8192), Type: 'String', Tier: 'Advanced' })
  await ssm.deleteParameter({ Name: '/app/big' })
})

test('parameters below a path come ten at a time', async () => {
  for (let index = 10; index < 35; index++) await ssm.putParameter({ Name: `/many/${index}`, Value: `${index}`, Type: 'String' })
  await ssm.putParameter({ Name: '/many/deep/one', Value: 'deep', Type: 'String' })
  await ssm.putParameter({ Name: '/manyother', Value: 'other', Type: 'String' })
  const below = async (more: object) => {
    const [values, sizes]: [string[], number[]] = [[], []]
    let NextToken: string | undefined
    do {
      const answer = await ssm.getParametersByPath({ Path: '/many', ...more, ...(NextToken && { NextToken }) })
      values.push(...(answer.Parameters ?? []).map(({ Value }) => Value as string))
      sizes.push(answer.Parameters?.length ?? 0)
      NextToken = answer.NextToken
    } while (NextToken)
    return { values, sizes }
  }
  const flat = await below({})
  assert.equal(flat.sizes, [10, 10, 5])
  assert.equal(
    flat.values,
    Array.from({ length: 25 }, (_, index) => `${index + 10}`),
  )
  assert.ok((await below({ Recursive: true })).values.includes('deep'))
  assert.match(await refusal(below({ MaxResults: 11 })), /less than or equal to 10/)
  assert.match(await refusal(below({ Path: 'many' })), /must begin with a slash/)
  assert.match(await refusal(below({ ParameterFilters: [{ Key: 'Type', Values: ['String'] }] })), /does not have ParameterFilters/)
})

test('parameters are found by name, path, type and tag', async () => {
  await ssm.putParameter({ Name: '/find/a', Value: 'v', Type: 'StringList', Tags: [{ Key: 'stage', Value: 'prod' }] })
  const find = async (Key: string, Values?: string[], Option?: string) => {
    const { Parameters } = await ssm.describeParameters({
      ParameterFilters: [{ Key, ...(Values && { Values }), ...(Option && { Option }) }],
    })
    return Parameters?.map(({ Name }) => Name)
  }
  assert.equal(await find('Path', ['/find']), ['/find/a'])
  assert.equal(await find('Path', ['/'], 'Recursive').then((names) => names?.length), 10, 'a first page')
  assert.equal(await find('Type', ['StringList']), ['/find/a'])
  assert.equal(await find('Name', ['/find'], 'BeginsWith'), ['/find/a'])
  assert.equal(await find('Name', ['ind/'], 'Contains'), ['/find/a'])
  assert.equal(await find('Tier', ['Advanced']), [])
  assert.equal(await find('tag:stage', ['prod']), ['/find/a'])
  assert.equal(await find('tag:stage'), ['/find/a'])
  assert.match(await refusal(find('Colour', ['red'])), /^InvalidFilterKey/)
  assert.match(await refusal(find('Name', ['x'], 'Smells')), /^InvalidFilterOption/)
  assert.match(await refusal(ssm.describeParameters({ Filters: [{ Key: 'Name', Values: ['x'] }] })), /does not have Filters/)
})

test('several are read and deleted at once, and those that are not there are named', async () => {
  const { Parameters, InvalidParameters } = await ssm.getParameters({ Names: ['/find/a', '/none'] })
  assert.equal([Parameters?.map(({ Name }) => Name), InvalidParameters], [['/find/a'], ['/none']])
  const gone = await ssm.deleteParameters({ Names: ['/find/a', '/none'] })
  assert.equal([gone.DeletedParameters, gone.InvalidParameters], [['/find/a'], ['/none']])
  assert.match(await refusal(ssm.deleteParameter({ Name: '/find/a' })), /^ParameterNotFound/)
  assert.match(await refusal(ssm.getParameters({ Names: Array.from({ length: 11 }, () => '/x') })), /^ValidationException/)
})

test('the public parameters name machine images', async () => {
  for (const name of [
    'ami-amazon-linux-latest/al2023-ami-kernel-default-arm64',
    'canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id',
  ]) {
    assert.match(String((await ssm.getParameter({ Name: `/aws/service/${name}` })).Parameter?.Value), /^ami-0[0-9a-f]{16}$/)
  }
})

test('the name of a deleted parameter is refused for a while, and what comes after that begins anew', async () => {
  await ssm.putParameter({ Name: '/deleted', Value: 'one', Type: 'String' })
  await ssm.deleteParameter({ Name: '/deleted' })
  const put = (Overwrite: boolean) => ssm.putParameter({ Name: '/deleted', Value: 'two', Type: 'String', Overwrite })
  assert.match(await refusal(put(false)), 'ParameterAlreadyExists')
  assert.match(await refusal(put(true)), 'TooManyUpdates')
  assert.match(await refusal(ssm.getParameter({ Name: '/deleted' })), 'ParameterNotFound')
  let version: number | undefined
  await until(async () => {
    version = await put(false).then(
      ({ Version }) => Version,
      () => undefined,
    )
    return version !== undefined
  }, 30)
  assert.is(version, 1)
})

test.run()
