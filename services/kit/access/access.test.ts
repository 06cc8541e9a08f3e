import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { startChild, stopChild } from '../child.fixture.ts'
import { readAccess } from './access.ts'

const trial = join(import.meta.dirname, '../trial.fixture.ts')
const token = 'a-token-of-this-test-0123456789'
const folder = mkdtempSync(join(tmpdir(), 'access-'))
const file = join(folder, 'token')
writeFileSync(file, `${token}\n`)
test.after(() => rmSync(folder, { recursive: true }))

test('where nothing is said, everything is open to everybody', () => {
  assert.equal(readAccess({}), { guarded: 'nothing', token: undefined, rateLimit: undefined, trusted: [] })
})

test('what a launch says is read, the token from its file', () => {
  const said = {
    SERVICE_AUTH: 'token',
    SERVICE_TOKEN_FILE: file,
    SERVICE_RATE_LIMIT: '0.5/20',
    SERVICE_TRUST_PROXY: '10.0.0.0/16,192.0.2.7/32',
  }
  assert.equal(readAccess(said), {
    guarded: 'everything',
    token,
    rateLimit: { perSecond: 0.5, burst: 20 },
    trusted: ['10.0.0.0/16', '192.0.2.7/32'],
  })
  assert.equal(readAccess({ SERVICE_AUTH: 'metrics' }), { guarded: 'metrics', token: undefined, rateLimit: undefined, trusted: [] })
})

test('a mistake is told in a sentence, without the token', () => {
  const messageOf = (environment: Record<string, string>) => {
    try {
      readAccess(environment)
    } catch (error) {
      return (error as Error).message
    }
    return 'nothing is wrong'
  }
  assert.is(messageOf({ SERVICE_AUTH: 'tokens' }), 'SERVICE_AUTH is "tokens", expected "token", "metrics" or nothing.')
  assert.match(messageOf({ SERVICE_AUTH: 'constructor' }), 'SERVICE_AUTH is "constructor"')
  assert.match(messageOf({ SERVICE_AUTH: 'token' }), 'neither SERVICE_TOKEN_FILE nor SERVICE_TOKEN')
  assert.match(
    messageOf({ SERVICE_AUTH: 'token', SERVICE_TOKEN_FILE: join(folder, 'none') }),
    'The file of SERVICE_TOKEN_FILE cannot be read',
  )
  const short = messageOf({ SERVICE_AUTH: 'token', SERVICE_TOKEN: 'swordfish' })
  assert.match(short, 'holds no token')
  assert.not.match(short, 'swordfish')
  for (const limit of ['10', '0/1', '1/0', 'x/y', '-1/2', '1/2/3'])
    assert.match(messageOf({ SERVICE_RATE_LIMIT: limit }), `SERVICE_RATE_LIMIT is "${limit}"`)
  for (const block of ['10.0.0.0', '10.0.0.0/33', '::/0', 'everyone', ','])
    assert.match(messageOf({ SERVICE_TRUST_PROXY: block }), 'SERVICE_TRUST_PROXY holds')
})

test('a service that is to demand a token and has none does not start, and says why', async () => {
  const child = await startChild(trial, { SERVICE_AUTH: 'token' })
  assert.is(child.address, undefined)
  assert.is(await child.end, 1)
  assert.match(child.output(), '"message":"the service could not start"')
  assert.match(child.output(), 'neither SERVICE_TOKEN_FILE nor SERVICE_TOKEN')
})

test('a service demands the token of its launch although its own code says nothing of it', async () => {
  const child = await startChild(trial, { SERVICE_AUTH: 'token', SERVICE_TOKEN_FILE: file })
  try {
    assert.is((await fetch(`${child.address}/items/1`)).status, 401)
    assert.is((await fetch(`${child.address}/items/1`, { headers: { authorization: `Bearer ${token}` } })).status, 200)
    assert.not.match(child.output(), token)
  } finally {
    await stopChild(child)
  }
})

test.run()
