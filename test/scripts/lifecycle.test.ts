// time limit: 480 s
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { traffic, until } from '../support/client.ts'
import { document, holdPort, layProject, nothingRuns } from '../support/project.ts'

const project = await layProject({ services: ['ml-inference', 'data-ingestion'] })
const [inference, ingestion, third, prometheus, grafana] = project.ports as [number, number, number, number, number]
const at = (port: number, path: string) => `http://127.0.0.1:${port}${path}`
const names = ['ml-inference', 'data-ingestion', ...(onPath('prometheus') ? ['prometheus'] : []), ...(onPath('grafana') ? ['grafana'] : [])]

const services = {
  'ml-inference': { entry: './services/ml-inference/server.ts', port: inference, expose: 'public' },
  'data-ingestion': { entry: './services/data-ingestion/server.ts', port: ingestion, expose: 'public' },
}
const monitoring = {
  prometheus: { port: prometheus },
  grafana: { port: grafana },
  alertmanager: false,
  nodeExporter: false,
  scrapeInterval: '1s',
  expose: 'public',
}
project.configure({ services, monitoring })

function onPath(program: string): boolean {
  return process.env.PATH!.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Says how long something took beside what was promised. A clock on a shared machine decides nothing here. */
function note(what: string, seconds: number, promised: number): void {
  console.log(`${what} took ${seconds.toFixed(1)} s; promised are ${promised} s on an idle machine`)
}

async function post(port: number, path: string, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(at(port, path), { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

test('a plan of a stage that does not exist yet creates everything and changes nothing', async () => {
  const { ok, plan } = document(await project.run('plan', '--json'))
  assert.equal([ok, plan.release, plan.replaces], [true, 1, undefined])
  assert.ok(plan.steps.every(({ glyph }: { glyph: string }) => glyph === '+' || glyph === ' '))
  const status = document(await project.run('status', '--json'))
  assert.equal([status.release, status.address, status.leftovers], [undefined, undefined, []])
})

test('a first deploy ends with services that answer', async () => {
  const ended = await project.run('deploy', '--json')
  const { ok, stage, release, address, urls, images, seconds } = document(ended)
  assert.equal([ok, stage, release, address], [true, 'local', 1, '127.0.0.1'])
  assert.equal(Object.keys(urls), names)
  assert.is(urls['ml-inference'], at(inference, ''))
  assert.equal(Object.keys(images), names)
  for (const digest of Object.values(images)) assert.match(String(digest), /^sha256:[0-9a-f]{64}$/)
  for (const phase of ['build', 'push', 'create', 'launch', 'verify', 'promote']) assert.type(seconds[phase], 'number')
  note('a first deploy', ended.seconds, 20)

  const predicted = await post(inference, '/predict', { features: [0.5, 1.2, -0.3] })
  assert.is(predicted.status, 200)
  assert.type(predicted.body.prediction, 'number')
  const ingested = await post(ingestion, '/ingest', { sensor: 'a', value: 42 })
  assert.is(ingested.status, 201)
  const found = await fetch(at(ingestion, `/data/${ingested.body.id}`))
  assert.equal(((await found.json()) as { data: unknown }).data, { sensor: 'a', value: 42 })
})

test('verify tests every endpoint of every service', async () => {
  const { ok, stage, services } = document(await project.run('verify', '--json'))
  assert.equal([ok, stage], [true, 'local'])
  assert.equal(
    services.map(({ service }: { service: string }) => service),
    ['ml-inference', 'data-ingestion'],
  )
  for (const { results } of services) assert.ok(results.length > 5)
})

test('status shows what runs, where it answers, how it is, and what is missing on this machine', async () => {
  const status = document(await project.run('status', '--json'))
  assert.equal([status.ok, status.app, status.stage, status.release, status.address], [true, 'shop', 'local', 1, '127.0.0.1'])
  assert.is(status.machine.state, 'running')
  const states = Object.fromEntries(status.services.map(({ name, state }: { name: string; state: string }) => [name, state]))
  const had = (name: string) => (names.includes(name) ? 'healthy' : 'missing')
  assert.equal(states, {
    'ml-inference': 'healthy',
    'data-ingestion': 'healthy',
    prometheus: had('prometheus'),
    grafana: had('grafana'),
  })
  const { code, out } = await project.run('status')
  assert.is(code, 0)
  assert.match(
    out,
    /^Release 1 of shop serves stage local at 127\.0\.0\.1\.\nDeployed .* by .*@.*\.\nMachine i-\w+ is running: ami-\w+, docker \S+\.\n/,
  )
})

test('a dry run plans and changes nothing', async () => {
  const { ok, plan } = document(await project.run('deploy', '--dry-run', '--json'))
  assert.equal([ok, plan.release, plan.replaces], [true, 2, 1])
  assert.is(document(await project.run('status', '--json')).release, 1)
})

test('secrets come from standard input, are listed without their values, and go with the stage', async () => {
  const set = await project.start('secret', ['set', 'API_KEY', '--json'], { input: 'hush-hush\n' }).ended
  assert.equal(document(set), { ok: true, stage: 'local', verb: 'set', names: ['API_KEY'] })
  const listed = await project.run('secret', 'list', '--json')
  assert.equal(
    document(listed).secrets.map(({ name, version }: { name: string; version: number }) => [name, version]),
    [['API_KEY', 1]],
  )
  assert.not.match(set.out + listed.out, 'hush-hush')
})

test('logs shows the last lines of a service', async () => {
  const { ok, service, lines } = document(await project.run('logs', 'ml-inference', '--lines', '5', '--json'))
  assert.equal([ok, service], [true, 'ml-inference'])
  assert.ok(lines.length <= 5)
  assert.ok(lines.some((line: string) => line.includes('listening')))
})

test('a second deploy of the same code uploads nothing, and no request fails but what is in flight when the address moves', async () => {
  const deploying = project.run('deploy', '--timings')
  const [fresh, kept, { code, err, seconds }] = await Promise.all([
    traffic(at(inference, '/predict'), deploying, { body: '{"features":[1,2]}' }),
    traffic(at(ingestion, '/data?limit=1'), deploying, { kept: true }),
    deploying,
  ])
  assert.is(code, 0, err)
  for (const name of names) assert.match(err, new RegExp(`push {2}${name} {2}done .*unchanged`))
  for (const { answers, failures } of [fresh, kept]) {
    assert.equal(Object.keys(answers), ['200'])
    assert.ok(failures.length <= 1 && failures.every((why) => why.startsWith('no answer within 5 s')), failures.join('\n'))
    assert.ok(answers[200]! > 20)
  }
  note('a second deploy', seconds, 10)
  assert.equal(document(await project.run('status', '--json')).leftovers, [])
})

test('a third service is one entry and one folder, as the README has them', async () => {
  const readme = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8')
  const server = /```ts\n(import [\s\S]*?)```/.exec(readme)?.[1]
  assert.ok(server?.includes("'my-service'"), 'the README shows the code of a service')
  project.write({ 'services/my-service/server.ts': server! })
  project.configure({
    services: { ...services, 'my-service': { entry: './services/my-service/server.ts', port: third, expose: 'public' } },
    monitoring,
  })
  const { release, urls } = document(await project.run('deploy', '--json'))
  assert.equal([release, urls['my-service']], [3, at(third, '')])
  assert.equal(await post(third, '/double', { value: 21 }), { status: 200, body: { doubled: 42 } })

  const verified = document(await project.run('verify', '--json'))
  assert.equal(verified.services.at(-1).service, 'my-service')
  assert.ok(verified.services.at(-1).results.length >= 3)

  if (!onPath('prometheus')) return console.log('not tested: prometheus is not installed, so it scrapes nothing')
  let seen: unknown
  const up = async () => {
    const response = await fetch(at(prometheus, '/api/v1/query?query=up'))
    const { data } = (await response.json()) as {
      data: { result: { metric: { job: string; service?: string }; value: [number, string] }[] }
    }
    seen = JSON.stringify(data.result)
    return data.result.some(({ metric, value }) => Object.values(metric).includes('my-service') && value[1] === '1')
  }
  await until(up, 20, () => seen)
})

test('history lists the releases, the newest first', async () => {
  const { ok, stage, releases } = document(await project.run('history', '--json'))
  assert.equal([ok, stage], [true, 'local'])
  assert.equal(
    releases.map(({ release, outcome }: { release: number; outcome: string }) => [release, outcome]),
    [3, 2, 1].map((release) => [release, 'serving']),
  )
  for (const { at, by, images, machine, launch } of releases) {
    assert.ok(Date.parse(at) > 0)
    assert.match(by, /.+@.+/)
    assert.match(images['ml-inference'], /^sha256:/)
    assert.match(launch, /^sha256:[0-9a-f]{64}$/)
    assert.match(`${machine.id} ${machine.imageId}`, /^i-[0-9a-f]+ ami-[0-9a-z-]+$/)
  }
})

test('a session runs what stands on standard input on the machine, or in a service', async () => {
  const machine = await project.start('session', [], { input: 'echo on $MLOPS_INSTANCE\nexit 3\n' }).ended
  assert.is(machine.code, 3, machine.err)
  assert.match(machine.out, /^on i-\w+\n/)
  const unknown = await project.run('session', 'nothing')
  assert.is(unknown.code, 2)
  assert.match(unknown.err, 'There is no service "nothing"')
})

test('destroy leaves nothing: no resource, no process, no port', async () => {
  const { ok, stage, removed, left } = document(await project.run('destroy', '--yes', '--all', '--json'))
  assert.equal([ok, stage, left], [true, 'local', []])
  const kinds = new Set(removed.map(({ kind }: { kind: string }) => kind))
  for (const kind of ['vpc', 'instance', 'elastic ip', 'role', 'repository', 'parameter']) assert.ok(kinds.has(kind), kind)
  await nothingRuns(project)
  for (const port of project.ports) {
    const held = await holdPort(port)
    assert.ok(held, `port ${port} is taken`)
    held.close()
  }
})

test('what was destroyed can be destroyed again', async () => {
  const { removed, left } = document(await project.run('destroy', '--yes', '--all', '--json'))
  assert.equal([removed, left], [[], []])
})

test.run()
