import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { getParameter } from '../../../src/aws/parameters.ts'
import {
  listSecrets,
  makeOwnSecrets,
  parseSecrets,
  readSecret,
  readVerb,
  refuseMissingSecrets,
  removeSecret,
  secretName,
  setSecret,
} from '../../../src/release/launch/secrets.ts'
import type { Failure } from '../../../src/report/failure.ts'
import { createTestCloud, errorOf } from '../../support/cloud.ts'

const cloud = await createTestCloud()
const { clients } = cloud
test.after(cloud.end)

const id = { app: 'shop', stage: 'prod' }
const other = { app: 'shop', stage: 'staging' }

/** The failure that `work` throws. */
function failureOf(work: () => unknown): Failure {
  try {
    work()
  } catch (error) {
    return error as Failure
  }
  throw new Error('this should have failed')
}

test('secrets are kept encrypted, each below its stage, and listed by name without their values', async () => {
  await setSecret(clients, id, 'ZEBRA', 'striped')
  await setSecret(clients, id, 'API_KEY', 'first')
  await setSecret(clients, id, 'API_KEY', 'second')
  await setSecret(clients, other, 'OTHER', 'elsewhere')
  const listed = await listSecrets(clients, id)
  assert.equal(
    listed.map(({ name, version }) => [name, version]),
    [
      ['API_KEY', 2],
      ['ZEBRA', 1],
    ],
  )
  assert.ok(listed.every(({ changed }) => Math.abs(Date.parse(changed) - Date.now()) < 60_000))
  assert.not.match(JSON.stringify(listed), /first|second|striped/)
  assert.is(secretName(id, 'API_KEY'), '/shop/prod/secrets/API_KEY')
  const { Parameter } = await (await clients.ssm()).getParameter({ Name: '/shop/prod/secrets/API_KEY' })
  assert.is(Parameter?.Type, 'SecureString')
  assert.is((await getParameter(clients, '/shop/prod/secrets/API_KEY'))?.value, 'second')
})

test('a secret is read by its name, and one that is not there is told with the way to the others', async () => {
  assert.is(await readSecret(clients, id, 'API_KEY'), 'second')
  const failure = (await errorOf(readSecret(clients, id, 'OTHER'))) as Failure
  assert.is(failure.message, 'There is no secret "OTHER"')
  assert.equal([failure.details.on, failure.details.next], ['stage prod of shop', 'npx zx scripts/secret.mjs list --stage prod'])
})

test('a value is shown only where a person sees it', () => {
  assert.equal(readVerb(['show', 'A'], true), { verb: 'show', name: 'A' })
  const failure = failureOf(() => readVerb(['show', 'A'], false))
  assert.equal([failure.message, failure.code], ['The value of a secret is shown on a terminal only', 2])
  assert.is(failureOf(() => readVerb(['show'], true)).message, '"secret show" needs the name of a secret')
})

test('a removed secret is gone, and removing it again is no error', async () => {
  await removeSecret(clients, id, 'ZEBRA')
  await removeSecret(clients, id, 'ZEBRA')
  assert.equal(
    (await listSecrets(clients, id)).map(({ name }) => name),
    ['API_KEY'],
  )
})

const refused: Record<string, readonly [name: string, value: string, message: RegExp]> = {
  'a name with a slash': ['a/b', 'x', /^"a\/b" is no name for a secret/],
  'an empty name': ['', 'x', /^"" is no name/],
  'an empty value': ['A', '', /^The value of A is empty$/],
  'a value with braces': ['A', 'x{{y}}', /contains "\{\{"/],
  'a value that is too long': ['A', 'ü'.repeat(2049), /^The value of A has 4098 bytes; Parameter Store keeps 4096$/],
}
for (const [what, [name, value, message]] of Object.entries(refused))
  test(`${what} is refused as wrong usage, without showing the value`, async () => {
    const failure = (await errorOf(setSecret(clients, id, name, value))) as Failure
    assert.match(failure.message, message)
    assert.is(failure.code, 2)
    if (value.length > 1) assert.not.ok(JSON.stringify([failure.message, failure.details]).includes(value))
  })

test('secrets of our own are made once and are long', async () => {
  await makeOwnSecrets(clients, id, ['generated'])
  const first = (await getParameter(clients, secretName(id, 'generated')))!.value
  await makeOwnSecrets(clients, id, ['generated'])
  assert.is((await getParameter(clients, secretName(id, 'generated')))!.value, first)
  assert.match(first, /^[\w-]{24}$/)
})

test('secrets that the config asks for and that are not set are named, with the commands that set them', async () => {
  await refuseMissingSecrets(clients, id, [])
  await refuseMissingSecrets(clients, id, ['API_KEY'])
  const one = (await errorOf(refuseMissingSecrets(clients, id, ['API_KEY', 'TOKEN']))) as Failure
  assert.is(one.message, 'The config asks for a secret that is not set: TOKEN')
  assert.is(one.details.next, 'npx zx scripts/secret.mjs set TOKEN --stage prod')
  assert.is(one.code, 2)
  const two = (await errorOf(refuseMissingSecrets(clients, id, ['TOKEN', 'SALT']))) as Failure
  assert.is(two.message, 'The config asks for secrets that are not set: TOKEN, SALT')
})

test('lines of NAME=value become pairs; comments and empty lines do not', () => {
  const text = '# keys\nA=1\r\n\n  B = two = 2 \nC=\n'
  assert.equal(parseSecrets(text), [
    ['A', '1'],
    ['B ', ' two = 2'],
    ['C', ''],
  ])
  assert.equal(parseSecrets(''), [])
})

test('a line that is no pair is named by its number and not shown', () => {
  for (const text of ['A=1\nhunter2', 'A=1\n=hunter2']) {
    const failure = failureOf(() => parseSecrets(text))
    assert.is(failure.message, 'Line 2 is not NAME=value')
    assert.is(failure.code, 2)
  }
})

test('verbs that do not exist, and names where none or one is wanted, are refused', () => {
  assert.is(failureOf(() => readVerb(['get'], true)).message, 'There is no such verb of secret; there is set, list, show, remove, load')
  assert.is(failureOf(() => readVerb(['set'], true)).message, '"secret set" needs the name of a secret')
  assert.is(failureOf(() => readVerb(['list', 'A'], true)).message, '"secret list" takes no name')
  assert.is(failureOf(() => readVerb(['load', 'A'], true)).code, 2)
  for (const [verb, name, next] of [
    ['set', 'API_KEY=hunter2', 'API_KEY'],
    ['load', 'API_KEY=hunter2', 'API_KEY'],
    ['set', 'hunter2 =x', 'NAME'],
  ] as const) {
    const failure = failureOf(() => readVerb([verb, name], false))
    assert.match(failure.message, 'does not go on the command line')
    assert.equal([failure.code, failure.details.next], [2, `npx zx scripts/secret.mjs set ${next}`])
    assert.not.match(JSON.stringify(failure.details), 'hunter2')
  }
  assert.equal(readVerb(['set', 'A'], false), { verb: 'set', name: 'A' })
  assert.equal(readVerb(['remove', 'A'], false), { verb: 'remove', name: 'A' })
  assert.equal([readVerb(['list'], false), readVerb(['load'], false)], [{ verb: 'list' }, { verb: 'load' }])
})

test.run()
