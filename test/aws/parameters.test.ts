import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  createParameter,
  deleteParameters,
  getParameter,
  getParameters,
  overwriteParameter,
  parametersBelow,
  parameterVersions,
  setParameter,
} from '../../src/aws/parameters.ts'
import { createTestCloud, errorOf } from '../support/cloud.ts'

const cloud = await createTestCloud()
const { clients } = cloud
test.after(cloud.end)
test.after.each(() => cloud.faults())

const options = { tags: { owner: 'test' } }
const denied = { code: 'AccessDeniedException', message: 'you may not' }

test('a name is created once, however many try at the same time', async () => {
  const results = await Promise.all(Array.from({ length: 20 }, (_, n) => createParameter(clients, '/race/one', `value ${n}`, options)))
  assert.equal(
    results.filter((result) => result !== undefined),
    [{ version: 1 }],
  )
  const winner = results.findIndex((result) => result !== undefined)
  assert.equal(await getParameter(clients, '/race/one'), { value: `value ${winner}`, version: 1 })
})

test('a create whose answer is lost knows its parameter again by the value', async () => {
  await cloud.faults({ action: 'ssm:PutParameter', after: 'drop', count: 1 })
  assert.equal(await createParameter(clients, '/lost/one', 'mine', options), { version: 1 })
  await cloud.faults({ action: 'ssm:PutParameter', before: { code: 'InternalError', status: 500 }, count: 1 })
  assert.is(await createParameter(clients, '/lost/one', 'another', options), undefined)
  await cloud.faults({ action: 'ssm:PutParameter', before: { code: 'RequestLimitExceeded' }, count: 2 })
  assert.equal(await createParameter(clients, '/lost/two', 'mine', options), { version: 1 })
  await cloud.faults({ action: 'ssm:PutParameter', before: { code: 'InternalError', status: 500 } })
  assert.is(((await errorOf(createParameter(clients, '/lost/three', 'mine', options))) as Error).name, 'InternalServerError')
  await cloud.faults()
})

test('every write counts, and the history has every value', async () => {
  assert.equal(await parameterVersions(clients, '/story/one'), [])
  await createParameter(clients, '/story/one', 'v1', options)
  assert.equal(await overwriteParameter(clients, '/story/one', 'v2'), { version: 2 })
  assert.equal(await overwriteParameter(clients, '/story/one', 'v3'), { version: 3 })
  assert.equal(
    await parameterVersions(clients, '/story/one'),
    ['v1', 'v2', 'v3'].map((value, index) => ({ value, version: index + 1 })),
  )
})

test('a secret is kept encrypted and read decrypted', async () => {
  await createParameter(clients, '/secret/one', 'hidden', { ...options, secret: true })
  await overwriteParameter(clients, '/secret/one', 'better hidden', { secret: true })
  const { Parameter } = await (await clients.ssm()).getParameter({ Name: '/secret/one' })
  assert.is(Parameter?.Type, 'SecureString')
  assert.not.match(Parameter!.Value!, 'hidden')
  assert.is((await getParameter(clients, '/secret/one'))?.value, 'better hidden')
  assert.equal(
    (await parameterVersions(clients, '/secret/one')).map(({ value }) => value),
    ['hidden', 'better hidden'],
  )
})

test('several are read in one call, and those that are not there are absent', async () => {
  assert.equal([...(await getParameters(clients, ['/story/one', '/nowhere', '/secret/one']))].sort(), [
    ['/secret/one', 'better hidden'],
    ['/story/one', 'v3'],
  ])
  assert.is(await getParameter(clients, '/nowhere'), undefined)
})

test('what is below a path is found on every page and at any depth, and removed', async () => {
  const names = Array.from({ length: 23 }, (_, n) => `/many/${n % 2 ? 'deep/er/' : ''}${n}`)
  await Promise.all(names.map((name) => createParameter(clients, name, 'value', options)))
  const found = await parametersBelow(clients, '/many')
  assert.equal(found.map(({ name }) => name).sort(), [...names].sort())
  assert.ok(found.every(({ version, modified }) => version === 1 && Math.abs(modified.getTime() - Date.now()) < 60_000))
  await deleteParameters(clients, [...names, '/many/never-there'])
  assert.equal(await parametersBelow(clients, '/many'), [])
})

test('a name that was deleted a moment ago is waited for, and the parameter has its tags', async () => {
  await setParameter(clients, '/again/one', 'v1', options)
  await deleteParameters(clients, ['/again/one'])
  assert.is(await createParameter(clients, '/again/one', 'v2', options), undefined)
  assert.is((await errorOf(overwriteParameter(clients, '/again/one', 'v2'))).name, 'TooManyUpdates')
  await setParameter(clients, '/again/one', 'v2', options)
  assert.equal(await getParameter(clients, '/again/one'), { value: 'v2', version: 1 })
  const { TagList } = await (await clients.ssm()).listTagsForResource({ ResourceType: 'Parameter', ResourceId: '/again/one' })
  assert.equal(TagList, [{ Key: 'owner', Value: 'test' }])
  await setParameter(clients, '/again/one', 'v3', options)
  assert.equal(await getParameter(clients, '/again/one'), { value: 'v3', version: 2 })
})

test('could not look is not the same as absent', async () => {
  await cloud.faults({ action: 'ssm:Get*', before: denied }, { action: 'ssm:PutParameter', before: denied })
  const all = [
    () => getParameter(clients, '/story/one'),
    () => getParameters(clients, ['/story/one']),
    () => parameterVersions(clients, '/story/one'),
    () => parametersBelow(clients, '/story'),
    () => createParameter(clients, '/story/two', 'value', options),
  ]
  for (const work of all) assert.is((await errorOf(work())).name, 'AccessDeniedException')
})

test.run()
