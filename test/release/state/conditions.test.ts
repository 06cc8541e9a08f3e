import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Port } from '../../../src/release/stage/ports.ts'
import { type Condition, conditionsScript, readConditions, troubleOf } from '../../../src/release/state/conditions.ts'
import { judge } from '../../../src/release/status.ts'
import { freePort } from '../../support/cloud.ts'

const folder = mkdtempSync(join(tmpdir(), 'conditions-'))
const server = createServer((request, response) => {
  if (request.url === '/health') return response.writeHead(200, { 'X-Release-Id': '7-abc' }).end('{}')
  if (request.url === '/large') return response.writeHead(500).end(`${'no model\n'.repeat(100_000)}`)
  return response.writeHead(503, { 'x-release-id': '7-abc' }).end('{\n  "status": "starting"\n}')
})
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address() as AddressInfo
test.after(() => {
  server.close()
  server.closeAllConnections()
  rmSync(folder, { recursive: true })
})

/** Runs the script under `sh` with the real curl and a docker of ours. */
async function run(ports: readonly Port[], docker: string) {
  writeFileSync(join(folder, 'docker'), `#!/bin/sh\n${docker}\n`, { mode: 0o755 })
  const child = spawn('sh', ['-c', conditionsScript('127.0.0.1', ports)], { env: { PATH: `${folder}:${process.env.PATH}` }, cwd: '/' })
  const [code, out, err] = await Promise.all([new Promise((done) => child.once('exit', done)), text(child.stdout), text(child.stderr)])
  return { code, out, err }
}

const portOf = (name: string, path: string, at = port): Port => ({
  name,
  kind: 'service',
  port: at,
  expose: 'nobody',
  health: path,
  demandsToken: false,
})

test('one script tells of every container how it stands, what it answers and which launch it is of', async () => {
  const ports = [
    portOf('web', '/health'),
    portOf('slow', '/slow'),
    portOf('large', '/large'),
    portOf('gone', '/', await freePort()),
    portOf('none', '/health'),
  ]
  const started = new Date(Date.now() - 90_000).toISOString()
  const line = (name: string, state: string, label: string) =>
    `container /${name} ${state} 3 false ${started} registry.test/shop/${name}@sha256:${name} ${label}`
  const docker = `[ "$1" = info ] || { cat <<'EOF'
${line('web', 'running', '7-abc')}
${line('slow', 'running', '7-abc')}
${line('large', 'running', '')}
${line('gone', 'restarting', '<no value>')}
EOF
exit 1
}`
  const { code, out, err } = await run(ports, docker)
  assert.equal([code, err], [0, ''])
  const conditions = readConditions(out)
  assert.equal([...conditions.keys()], ['web', 'slow', 'large', 'gone'])
  const { upSeconds, ...web } = conditions.get('web')!
  assert.ok(upSeconds >= 88 && upSeconds < 150, String(upSeconds))
  assert.equal(web, {
    state: 'running',
    restarts: 3,
    outOfMemory: false,
    healthy: true,
    answer: 'HTTP 200',
    image: 'sha256:web',
    identity: '7-abc',
    identified: true,
  })
  assert.is(conditions.get('slow')!.answer, 'HTTP 503 { "status": "starting" }')
  const large = conditions.get('large')!
  assert.equal([large.healthy, large.identity, large.identified], [false, undefined, false])
  assert.match(large.answer, /^HTTP 500 (no model )+/)
  assert.ok(large.answer.length < 200)
  assert.match(conditions.get('gone')!.answer, /^curl: \(7\)/)
  assert.ok(out.length < 24_000)
})

test('an engine that does not answer is an error, and a container that is not there is none', async () => {
  assert.equal((await run([portOf('web', '/health')], '[ "$1" = info ]')).code, 0)
  const dead = await run([portOf('web', '/health')], 'echo "Cannot connect to the Docker daemon" >&2; exit 1')
  assert.is(dead.code, 1)
})

const well: Condition = {
  state: 'running',
  restarts: 0,
  upSeconds: 3600,
  outOfMemory: false,
  healthy: true,
  answer: 'HTTP 200',
  image: 'sha256:a',
  identity: '7-abc',
  identified: true,
}

test('a container that keeps ending is unhealthy although it answers, and one that has recovered is told of', () => {
  assert.is(troubleOf(well), undefined)
  const looping = { ...well, restarts: 4, upSeconds: 2 }
  assert.is(troubleOf(looping), 'it keeps ending: started again 4 times, it is running')
  assert.is(troubleOf({ ...well, restarts: 4 }), undefined)
  assert.match(troubleOf({ ...well, state: 'restarting', restarts: 1 })!, 'started again 1 time, it is restarting')
  assert.match(troubleOf({ ...well, state: 'exited', outOfMemory: true })!, 'more memory')
  assert.is(troubleOf({ ...well, healthy: false, answer: 'HTTP 503' }), 'HTTP 503')
})

test('what the machine says and what is seen from outside make one state', () => {
  const outside = { healthy: true, seen: 'HTTP 200' }
  const open = { expose: 'public' } as const
  assert.equal(judge(well, outside, open), { state: 'healthy', detail: 'HTTP 200' })
  assert.equal(judge({ ...well, restarts: 1, upSeconds: 12.4 }, outside, open).detail, 'HTTP 200, started again 1 time, last 12 s ago')
  assert.is(judge({ ...well, restarts: 9, upSeconds: 1 }, outside, open).state, 'unhealthy')
  assert.equal(judge(well, { healthy: false, seen: 'ECONNREFUSED' }, open), { state: 'unhealthy', detail: 'ECONNREFUSED' })
  assert.equal(judge(well, undefined, { expose: 'nobody' }).detail, 'HTTP 200, asked on its machine, not open to the outside')
  assert.equal(judge(well, undefined, { expose: ['192.0.2.0/24'] }).detail, 'HTTP 200, asked on its machine, open to some only')
  assert.is(judge(undefined, undefined, { expose: 'nobody' }).state, 'not checked')
})

test.run()
