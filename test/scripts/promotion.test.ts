// time limit: 480 s

import { existsSync, readFileSync } from 'node:fs'
import { Agent, request as send } from 'node:http'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { document, layProject } from '../support/project.ts'

const project = await layProject()
const [port] = project.ports
const kept = join(project.folder, 'kept')

/** It keeps what it is posted where the test can see it, and acknowledges it after a while. */
const service = (version: number) => `import { appendFileSync } from 'node:fs'
import { createService } from '../kit/service.ts'
import { run } from '../kit/run.ts'

await run({ name: 'web', port: 8001 }, ({ name, environment }) =>
  createService({ name }).post('/keep', async (request) => {
    const { id, ms } = await request.json()
    await new Promise((resolve) => setTimeout(resolve, ms))
    appendFileSync(Buffer.from(environment.KEPT, 'hex'), id + '\\n')
    return { id, version: ${version} }
  }),
)
`

function deploy(version: number) {
  project.write({ 'services/web/server.ts': service(version) })
  // As hex, since a path would be led to the container's own disk, which goes with its machine.
  const environment = { KEPT: Buffer.from(kept).toString('hex') }
  project.configure({ services: { web: { entry: './services/web/server.ts', port, expose: 'public', environment } } })
  return project.run('deploy')
}

/** What came of a request. */
interface Sent {
  readonly client: string
  readonly id: string
  readonly sent: number
  readonly ended: number
  /** The version that has answered; undefined: nobody has. */
  readonly version: number | undefined
  readonly why?: string
}

/** How long a client waits for an answer, in ms: it is all that ends a request on a connection that was cut. */
const patience = 8000

/** Posts on a connection that is kept, one request after the other, until it is told to stop. */
async function client(
  name: string,
  work: { ms: number; think: number; keepAlive?: boolean },
  log: Sent[],
  stop: AbortSignal,
): Promise<void> {
  const agent = new Agent({ keepAlive: work.keepAlive ?? true, maxSockets: 1 })
  for (let number = 0; !stop.aborted; number++) {
    const id = `${name}-${number}`
    const sent = performance.now()
    const came = await post(agent, JSON.stringify({ id, ms: work.ms }))
    log.push({ client: name, id, sent, ended: performance.now(), ...came })
    await pause(work.think)
  }
  agent.destroy()
}

function post(agent: Agent, body: string): Promise<Pick<Sent, 'version' | 'why'>> {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length }
    const request = send({ port, path: '/keep', method: 'POST', agent, headers }, async (response) => {
      const text = (await response.toArray().catch((error: Error) => [error.message])).join('')
      if (response.statusCode === 200 && response.complete) resolve({ version: JSON.parse(text).version })
      else resolve({ version: undefined, why: `${response.statusCode} ${text}` })
    })
    request.on('error', (error) => resolve({ version: undefined, why: error.message }))
    request.setTimeout(patience, () => request.destroy(new Error('no answer')))
    request.end(body)
  })
}

test('while a release takes the place of another, only requests in flight at the very moment of the move can fail', async () => {
  const first = await deploy(1)
  assert.is(first.code, 0, first.err)
  const log: Sent[] = []
  const stop = new AbortController()
  const clients = [
    // Without a pause, with pauses shorter and longer than those by which quiet connections are told, and slow ones.
    ...Array.from({ length: 4 }, (_, index) => client(`busy${index}`, { ms: 0, think: 5 }, log, stop.signal)),
    ...Array.from({ length: 6 }, (_, index) => client(`calm${index}`, { ms: 5, think: 300 + 250 * index }, log, stop.signal)),
    ...Array.from({ length: 3 }, (_, index) => client(`rare${index}`, { ms: 0, think: 2500 + 600 * index }, log, stop.signal)),
    // On a connection for each request, so that it is the first to hear of the move.
    client('probe', { ms: 0, think: 20, keepAlive: false }, log, stop.signal),
    ...Array.from({ length: 2 }, (_, index) => client(`slow${index}`, { ms: 700, think: 0 }, log, stop.signal)),
  ]
  const second = await deploy(2)
  // Whoever was cut has noticed by then, and goes on.
  await pause(patience + 2000)
  stop.abort()
  await Promise.all(clients)
  assert.is(second.code, 0, second.err)

  const failed = log.filter(({ version }) => version === undefined)
  const answeredBy = (wanted: number) => log.filter(({ version }) => version === wanted)
  const moved = Math.min(...answeredBy(2).map(({ ended }) => ended))
  console.log(`${log.length} requests, ${failed.length} cut: ${failed.map(({ client }) => client).join(', ')}`)
  assert.equal(
    failed.filter(({ sent }) => sent > moved),
    [],
    'none fails that was sent after the move',
  )
  assert.is(new Set(failed.map(({ client }) => client)).size, failed.length, 'and each client loses at most one')
  assert.equal(
    failed.filter(({ why }) => why !== 'no answer'),
    [],
    'what was cut hears nothing',
  )
  assert.ok(answeredBy(1).length > 500 && answeredBy(2).length > 500)
  assert.ok(answeredBy(1).every(({ sent }) => sent < moved))

  const ids = new Set(readFileSync(kept, 'utf8').split('\n'))
  assert.equal(
    log.filter(({ version, id }) => version !== undefined && !ids.has(id)),
    [],
    'whatever was acknowledged is kept',
  )
  assert.match(second.err, /let clients go.* web/)
  assert.match(second.err, /drain \(release 1\).* Success/)
})

test('a plan says what can be cut', async () => {
  const { plan } = document(await project.run('plan', '--json'))
  assert.match(plan.interrupts, /cuts only requests in flight at that very moment/)
  assert.ok(existsSync(kept))
})

test.run()
