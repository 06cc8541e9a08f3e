// time limit: 480 s
/**
 * A stage whose services demand a token, by the real scripts: who gets in, who is scraped and verified, and that the
 * token lies nowhere but where it is read.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Clients } from '../../src/aws/clients.ts'
import { readCredentials } from '../../src/local/files/keys.ts'
import { readCloudState } from '../../src/local/process/cloud-state.ts'
import { readSecret } from '../../src/release/launch/secrets.ts'
import { until } from '../support/client.ts'
import { processesOf } from '../support/processes.ts'
import { document, layProject, nothingRuns } from '../support/project.ts'
import { has } from '../support/promtool.ts'

const project = await layProject({ services: ['ml-inference', 'data-ingestion'] })
const [inference, ingestion, prometheus] = project.ports as [number, number, number]
const closed = { grafana: false, alertmanager: false, nodeExporter: false, scrapeInterval: '1s', expose: 'public' }
const services = {
  'ml-inference': {
    entry: './services/ml-inference/server.ts',
    port: inference,
    health: '/ready',
    expose: 'public',
    auth: 'token',
    rateLimit: { perSecond: 50, burst: 50 },
  },
  'data-ingestion': { entry: './services/data-ingestion/server.ts', port: ingestion, expose: 'public' },
}
project.configure({ services, monitoring: { prometheus: { port: prometheus }, ...closed } })

const id = { app: 'shop', stage: 'local' }
const ask = (port: number, path: string, headers: Record<string, string> = {}) => fetch(`http://127.0.0.1:${port}${path}`, { headers })
const statuses = async (...requests: Promise<Response>[]) => (await Promise.all(requests)).map(({ status }) => status)
/** What the scripts have printed. */
const printed: string[] = []
let token = ''

function clients(): Clients {
  const cloud = join(project.state, 'cloud')
  const { endpoint, region } = readCloudState(cloud)!
  return new Clients({ endpoint, region, credentials: readCredentials(cloud)! })
}

async function run(script: string, ...words: string[]) {
  const ended = await project.run(script, ...words)
  printed.push(ended.out, ended.err)
  return ended
}

test('the first deploy makes the token', async () => {
  assert.is(document(await run('deploy', '--json')).release, 1)
  token = await readSecret(clients(), id, 'service-token')
  // 144 random bits.
  assert.match(token, /^[\w-]{24}$/)
})

test('from outside nobody gets in without the token, and health tells everybody', async () => {
  const bearer = { authorization: `Bearer ${token}` }
  assert.equal(
    await statuses(ask(inference, '/v2'), ask(inference, '/nowhere'), ask(inference, '/metrics'), ask(inference, '/health')),
    [401, 401, 401, 200],
  )
  assert.equal(await statuses(ask(inference, '/v2', bearer), ask(inference, '/nowhere', bearer)), [200, 404])
  assert.equal(await statuses(ask(inference, '/metrics', bearer)), [200])
})

test('the metrics of an open service are shown on the own network, and to who shows the token where a proxy sends somebody on', async () => {
  const stranger = { 'x-forwarded-for': '203.0.113.9' }
  assert.equal(await statuses(ask(ingestion, '/data', stranger), ask(ingestion, '/metrics', stranger)), [200, 401])
  const { Reservations = [] } = await (await clients().ec2()).describeInstances()
  const address = Reservations[0]!.Instances![0]!.PrivateIpAddress
  const input = `curl -s -o /dev/null -w 'got %{http_code}\\n' http://${address}:${ingestion}/metrics\n`
  const { out, err } = await project.start('session', [], { input }).ended
  assert.match(out, 'got 200', err)
  assert.equal(await statuses(ask(ingestion, '/metrics', { ...stranger, authorization: `Bearer ${token}` })), [200])
})

if (has('prometheus'))
  test('Prometheus gets in, by the token', async () => {
    const jobs = async () => {
      const response = await ask(prometheus, '/api/v1/targets').catch(() => undefined)
      const { data } = ((await response?.json()) ?? { data: { activeTargets: [] } }) as {
        data: { activeTargets: { labels: { job: string }; health: string; lastError: string }[] }
      }
      return data.activeTargets
    }
    let seen: unknown
    await until(
      async () => {
        seen = (await jobs()).map(({ labels, health, lastError }) => `${labels.job} ${health} ${lastError}`.trim()).sort()
        return JSON.stringify(seen) === JSON.stringify(['data-ingestion up', 'ml-inference up', 'prometheus up'])
      },
      30,
      () => seen,
    )
  })
else console.log('prometheus is not on the PATH: whether it gets in is not tested.')

test('verify brings the token, and sees that strangers are refused', async () => {
  const { ok, services } = document(await run('verify', '--json')) as {
    ok: boolean
    services: { service: string; results: { name: string }[] }[]
  }
  assert.is(ok, true)
  const strangers = services.map(({ service, results }) => [service, results.filter(({ name }) => name.startsWith('a stranger')).length])
  assert.equal(strangers, [
    ['ml-inference', 2],
    ['data-ingestion', 1],
  ])
})

test('a second deploy keeps the token', async () => {
  assert.is(document(await run('deploy', '--json')).release, 2)
  assert.is(await readSecret(clients(), id, 'service-token'), token)
  assert.equal(await statuses(ask(inference, '/v2'), ask(inference, '/v2', { authorization: `Bearer ${token}` })), [401, 200])
})

test('the token is shown on a terminal, and nowhere else', async () => {
  for (const words of [
    ['show', 'service-token'],
    ['show', 'service-token', '--json'],
  ]) {
    const { code, out, err } = await run('secret', ...words)
    assert.is(code, 2)
    assert.match(out + err, 'The value of a secret is shown on a terminal only')
  }
  if (!has('script')) return console.log('script is not on the PATH: what a terminal shows is not tested.')
  // Opens a terminal for the command that it runs (script(1) of util-linux; not of other systems).
  const shown = await project.type("script -qec 'zx scripts/secret.mjs show service-token' /dev/null")
  assert.is(shown.code, 0, shown.out)
  assert.is(shown.out.trim(), token)
  const none = await project.type("script -qec 'zx scripts/secret.mjs show no-such' /dev/null")
  assert.is(none.code, 1)
  assert.match(none.out, 'There is no secret "no-such"')
})

test('the token is in no file but the ones that containers read, no command, no environment and no output', async () => {
  const files = filesBelow(project.state)
  const holding = (text: string) => files.filter((file) => readFileSync(file).includes(text))
  const found = holding(token)
  assert.ok(holding('SERVICE_TOKEN_FILE=/run/secrets/service-token').length > 0, 'the text of the launch command is among the files')
  const outside = found.filter((file) => !file.endsWith('/service-token'))
  assert.equal(
    outside.map((file) => relative(project.state, file)),
    [],
  )
  assert.ok(found.length >= 2, 'the containers have it')
  for (const file of found) assert.is(statSync(file).mode & 0o777, 0o400)
  const processes = processesOf(project.folder)
  assert.ok(processes.some(({ environment }) => environment.includes('SERVICE_TOKEN_FILE=')))
  assert.equal(
    processes.filter(({ command, environment }) => `${command}${environment}`.includes(token)).map(({ pid }) => pid),
    [],
  )
  assert.not.match(printed.join('\n'), token)
})

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
  )
}

test('a service that answers a stranger although it is to demand a token is not promoted', async () => {
  project.configure({
    services: { ...services, 'data-ingestion': { ...services['data-ingestion'], auth: 'token', entry: './services/web/server.ts' } },
    monitoring: false,
  })
  const { code, err } = await run('deploy')
  assert.is(code, 4, err)
  assert.match(err, 'data-ingestion is to demand a token, but this is what a stranger gets: HTTP 200')
  assert.equal(await statuses(ask(inference, '/v2', { authorization: `Bearer ${token}` }), ask(ingestion, '/data')), [200, 200])
})

test('destroy removes the token', async () => {
  document(await run('destroy', '--yes', '--all', '--json'))
  await nothingRuns(project)
})

test.run()
