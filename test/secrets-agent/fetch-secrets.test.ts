import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createParameter } from '../../src/aws/parameters.ts'
import { fetchSecrets, fetchWhenReached } from '../../src/secrets-agent/fetch-secrets.ts'
import { writeSecretRequest } from '../../src/secrets-agent/secret-request.ts'
import { createTestCloud, errorOf } from '../support/cloud.ts'

const cloud = await createTestCloud()
const { clients } = cloud
const ssm = await clients.ssm()
const folder = mkdtempSync(join(tmpdir(), 'secrets-agent-'))
test.after(async () => {
  await cloud.end()
  rmSync(folder, { recursive: true })
})
test.after.each(() => cloud.faults())

const root = process.getuid?.() === 0
const request = (container: string, name: string, uid = 1000) => ({ container, name, uid, parameter: `/shop/prod/secrets/${name}` })
const secret = (name: string, value: string) => createParameter(clients, `/shop/prod/secrets/${name}`, value, { tags: {}, secret: true })

test('every secret lies in its container’s folder, readable by that container’s user alone', async () => {
  await secret('API_KEY', 'line one\nline two\n')
  await secret('SALT', 'pepper')
  await fetchSecrets(ssm, [request('web', 'API_KEY'), request('web', 'SALT'), request('grafana', 'SALT', 472)], folder)
  assert.is(readFileSync(join(folder, 'web/API_KEY'), 'utf8'), 'line one\nline two\n')
  assert.is(readFileSync(join(folder, 'grafana/SALT'), 'utf8'), 'pepper')
  assert.equal(readdirSync(join(folder, 'web')).sort(), ['API_KEY', 'SALT'])
  const { mode, uid } = statSync(join(folder, 'grafana/SALT'))
  assert.is(mode & 0o777, 0o400)
  assert.is(uid, root ? 472 : process.getuid?.())
})

test('AWS is asked again until it answers, and what it refuses is thrown at once', async () => {
  const told: string[] = []
  const { SSM } = await import('@aws-sdk/client-ssm')
  const { credentials } = clients.access
  const once = new SSM({ endpoint: cloud.endpoint, region: 'eu-west-1', credentials: credentials!, maxAttempts: 1 })
  await cloud.faults({ action: 'ssm:GetParameters', after: 'drop', count: 2 })
  const tell = (message: string) => void told.push(message)
  await fetchWhenReached(once, [request('late', 'SALT')], folder, tell, 10)
  assert.is(readFileSync(join(folder, 'late/SALT'), 'utf8'), 'pepper')
  assert.equal([told.length, told.every((message) => message.endsWith(': trying again'))], [2, true])
  await cloud.faults({ action: 'ssm:GetParameters', before: { code: 'AccessDeniedException', message: 'not for you' } })
  assert.is((await errorOf(fetchWhenReached(once, [request('late', 'SALT')], folder, tell, 10))).message, 'not for you')
  assert.is(told.length, 2)
})

test('fetched again, after a reboot, the newest value takes the place of the old', async () => {
  await ssm.putParameter({ Name: '/shop/prod/secrets/SALT', Value: 'cumin', Type: 'SecureString', Overwrite: true })
  await fetchSecrets(ssm, [request('web', 'SALT')], folder)
  assert.is(readFileSync(join(folder, 'web/SALT'), 'utf8'), 'cumin')
})

test('more secrets than one call takes are fetched all the same', async () => {
  const names = Array.from({ length: 23 }, (_, n) => `KEY_${n}`)
  await Promise.all(names.map((name) => secret(name, `value of ${name}`)))
  await fetchSecrets(
    ssm,
    names.map((name) => request('many', name)),
    folder,
  )
  for (const name of names) assert.is(readFileSync(join(folder, 'many', name), 'utf8'), `value of ${name}`)
})

test('secrets that are not there are named, and nothing is written', async () => {
  const error = await errorOf(fetchSecrets(ssm, [request('none', 'SALT'), request('none', 'GONE'), request('none', 'LOST')], folder))
  assert.is(error.message, 'there is no secret at /shop/prod/secrets/GONE, /shop/prod/secrets/LOST')
  assert.not.ok(existsSync(join(folder, 'none')))
})

/** The secrets agent's own program, as its container runs it. */
function secretsAgent(...words: string[]) {
  const { region, endpoint, credentials } = clients.access
  const env = {
    PATH: process.env.PATH,
    NODE_V8_COVERAGE: process.env.NODE_V8_COVERAGE,
    AWS_REGION: region,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: credentials!.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials!.secretAccessKey,
  }
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../src/secrets-agent/main.ts'), ...words], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return { child, ended: once(child, 'exit') }
}

test('the secrets agent says when it is ready, stays, and goes when it is told to', async () => {
  chmodSync(folder, 0o755)
  const { child, ended } = secretsAgent(folder, writeSecretRequest(request('process', 'API_KEY')))
  const [said] = await once(child.stdout, 'data')
  assert.is(String(said), 'ready\n')
  assert.is(readFileSync(join(folder, 'process/API_KEY'), 'utf8'), 'line one\nline two\n')
  child.kill('SIGTERM')
  assert.equal(await ended, [0, null])
})

test('a secrets agent that cannot fetch ends with the reason, without a value', async () => {
  const { child, ended } = secretsAgent(
    folder,
    writeSecretRequest(request('process', 'API_KEY')),
    writeSecretRequest(request('process', 'GONE')),
  )
  const [[code], said] = await Promise.all([ended, text(child.stderr)])
  assert.is(code, 1)
  assert.match(said, 'there is no secret at /shop/prod/secrets/GONE')
  assert.not.match(said, 'line one')
})

test.run()
