import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { engineSocket, removeTraces } from '../../../src/local/machine/dockerd/traces.ts'
import type { EngineName } from '../../../src/local/machine/engine.ts'
import { traffic, until } from '../../support/client.ts'
import { kill, processesOf } from '../../support/processes.ts'
import { document, layProject, nothingRuns, type Project } from '../../support/project.ts'
import { tracesLeft } from './engine.fixture.ts'

/** A service that tells what it is allowed, and asks the one that it needs. */
const service = `import { createServer } from 'node:http'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'

const { PORT, HOST, STORE_URL, TOKEN_FILE, DATA_DIR, HOG, SERVICE_NAME } = process.env
console.log(SERVICE_NAME, 'starts')
// Both are there at the start or it ends, as what is built on the kit does.
if (TOKEN_FILE) readFileSync(TOKEN_FILE)
if (!existsSync(DATA_DIR + '/born')) writeFileSync(DATA_DIR + '/born', String(Math.random()))
const hog = []
// Slow enough for an engine that looks once a second.
if (HOG) setInterval(() => hog.push(Buffer.alloc(2 << 20, 1)), 5)
const mayWrite = (file: string) => {
  try {
    writeFileSync(file, 'x')
    return true
  } catch {
    return false
  }
}
const server = createServer(async (request, response) => {
  if (request.url === '/health') return response.end('ok')
  if (request.url === '/slow') return setTimeout(() => response.end('done'), 300)
  const store = STORE_URL && (await fetch(STORE_URL).then((answer) => answer.json()))
  const token = TOKEN_FILE && readFileSync(TOKEN_FILE, 'utf8')
  const writes = { data: mayWrite(DATA_DIR + '/x'), temp: mayWrite('/tmp/x'), root: mayWrite('/app/x') }
  const status = process.platform === 'linux' ? readFileSync('/proc/self/status', 'utf8') : ''
  const fact = (name: string) => new RegExp('^' + name + ':\\\\s*(\\\\S+)', 'm').exec(status)?.[1]
  response.end(JSON.stringify({ name: SERVICE_NAME, born: readFileSync(DATA_DIR + '/born', 'utf8'), token, store, writes, uid: fact('Uid'), capabilities: fact('CapBnd'), privileges: fact('NoNewPrivs') }))
}).listen(Number(PORT), HOST)
process.on('SIGTERM', () => server.close(() => process.exit(0)))
`

/** The instances of a project's cloud. */
const instancesOf = ({ state }: Project) => readdirSync(join(state, 'cloud', 'instances'))

const marker = 'marker-6bdf9a'

/** The same launch on either engine; with the real one, what only it can enforce. */
export async function launchesOn(engine: EngineName) {
  const real = engine === 'docker'
  const test = suite(`deploy on ${engine}`)
  const project = await layProject()
  /** Beside other tests everything takes its time, and nobody here waits for a lease to expire. */
  const env = { MLOPS_LEASE_SECONDS: '30' }
  const run = (script: string, ...words: string[]) => project.start(script, words, { env }).ended
  const [web, store] = project.ports
  const services = (also: object = {}) => ({
    web: {
      entry: './services/web/server.ts',
      port: web,
      expose: 'public',
      needs: ['store'],
      memoryMiB: 96,
      environment: { TOKEN: { secret: 'TOKEN' } },
    },
    store: { entry: './services/store/server.ts', port: store, expose: 'nobody', memoryMiB: 64, ...also },
  })
  // biome-ignore lint/suspicious/noExplicitAny: its fields are what is tested
  const ask = async (): Promise<any> => (await fetch(`http://127.0.0.1:${web}/`)).json()
  const docker = (...words: string[]) =>
    execFileSync('docker', words, { env: { ...process.env, DOCKER_HOST: `unix://${engineSocket(instancesOf(project)[0]!)}` } })
      .toString()
      .trim()
  const seen = new Set<string>()

  test.before(async () => {
    project.write({ 'services/web/server.ts': service, 'services/store/server.ts': service })
    project.configure({ services: services() })
    const { code, err } = await project.start('secret', ['set', 'TOKEN'], { input: marker }).ended
    assert.is(code, 0, err)
  })
  // Whatever has failed, nothing of it may stay behind.
  test.after(async () => {
    await run('destroy', '--yes', '--all', '--quiet')
    for (const id of seen) await removeTraces(id)
  })

  test(`on ${engine}, a deploy brings up services that reach each other at the machine’s address and read their secrets`, async () => {
    const { urls } = document(await run('deploy', '--json', '--engine', engine))
    assert.equal(Object.keys(urls), ['web'])
    const facts = await ask()
    assert.equal([facts.name, facts.token, facts.store.name, facts.store.token], ['web', marker, 'store', undefined])
    assert.equal([facts.writes.data, facts.writes.temp], [true, true])
    for (const id of instancesOf(project)) seen.add(id)
  })

  test('a service that takes too much memory fails with its name and that reason, and the old release still serves', async () => {
    project.configure({ services: services({ environment: { HOG: '1' } }) })
    const { code, err } = await run('deploy')
    assert.is(code, 4, err)
    const report = err.slice(err.indexOf('✖'))
    assert.match(
      report,
      /^✖ Took more memory than its container may have: store\nRelease 1 still serves; nothing changed for its users\.\n/,
    )
    assert.match(report, /│ store starts\n/)
    assert.match(report, /memoryMiB in mlops\.config\.ts/)
    assert.is((await ask()).store.name, 'store')
  })

  if (real) {
    test('with the real engine a service is nobody special and may write to its data and to memory only', async () => {
      const { uid, capabilities, privileges, writes } = await ask()
      assert.equal([uid, capabilities, privileges], ['1000', '0000000000000000', '1'])
      assert.equal(writes, { data: true, temp: true, root: false })
    })

    test('docker inspect shows the limits of the config', () => {
      const format =
        '{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.SecurityOpt}}'
      assert.is(docker('inspect', '-f', format, 'web'), `${96 * 1024 * 1024} 512 true unless-stopped [no-new-privileges]`)
    })

    test('a secret lies in memory, and nowhere in the folder of the cloud', () => {
      assert.is(docker('volume', 'inspect', '-f', '{{.Options.type}}', 'secrets-web'), 'tmpfs')
      const found = () => execFileSync('grep', ['-rl', marker, project.state], { stdio: ['ignore', 'pipe', 'ignore'] })
      assert.throws(found, (error: { status: number }) => error.status === 1)
      assert.not.match(docker('inspect', 'web', 'secrets'), marker)
    })

    test('a service with a dockerfile is built by docker, pushed, and pulled by the machine', async () => {
      const image = docker('inspect', '-f', '{{.Config.Image}}', 'store')
      project.write({
        'services/store/Dockerfile': `FROM ${image}\nCOPY own.mjs /app/own.mjs\nENTRYPOINT ["/usr/local/bin/node", "/app/own.mjs"]\n`,
        'services/store/own.mjs': service.replace('name: SERVICE_NAME', "name: 'built by docker'").replaceAll(/\((\w+): string\)/g, '($1)'),
      })
      const { entry, ...built } = services().store
      project.configure({ services: { ...services(), store: { ...built, dockerfile: './services/store/Dockerfile' } } })
      // The engine of the machine that serves builds it; any other docker would do.
      const here = { DOCKER_HOST: `unix://${engineSocket(instancesOf(project)[0]!)}` }
      document(await project.start('deploy', ['--json'], { env: { ...env, ...here } }).ended)
      assert.is((await ask()).store.name, 'built by docker')
    })
  }

  test(`on ${engine}, another deploy takes the place of the old one, without being told the engine again; what is in flight when the address moves is cut`, async () => {
    project.configure({ services: services() })
    const deploy = run('deploy', '--json')
    // One of them is always in flight, also when the address moves and when the old containers are told to end.
    const { answers, failures } = await traffic(`http://127.0.0.1:${web}/slow`, deploy)
    document(await deploy)
    assert.equal(Object.keys(answers), ['200'])
    assert.is(failures.length, 1, failures.join('\n'))
    assert.match(failures[0]!, /^no answer within 5 s /)
    assert.is((await ask()).store.name, 'store')
    const [id, ...others] = instancesOf(project)
    assert.equal(others, [])
    assert.is(existsSync(engineSocket(id!)), real)
    seen.add(id!)
  })

  test(`on ${engine}, one status brings all of it back after a reboot: data, secrets, and the address`, async () => {
    const before = await ask()
    const [status, ids] = [document(await run('status', '--json')), instancesOf(project)]
    // Every process of the stage ends at the same moment, and what was in memory only is gone.
    for (let left = processesOf(project.folder); left.length > 0; left = processesOf(project.folder)) kill(left.map(({ pid }) => pid))
    for (const id of ids) rmSync(`/dev/shm/mlops-${id}`, { recursive: true, force: true })
    const after = await run('status', '--json')
    assert.match(after.err, `! The embedded cloud had ended and was started again, and with it machine ${ids[0]}.\n`)
    const back = document(after)
    assert.equal([back.release, back.address, back.machine], [status.release, status.address, status.machine])
    await until(async () => (await ask().catch(() => undefined))?.store?.born === before.store.born, 60)
    assert.equal(await ask(), before)
    assert.equal(instancesOf(project), ids)
  })

  test(`on ${engine}, destroy leaves nothing behind`, async () => {
    const { left } = document(await run('destroy', '--yes', '--all', '--json'))
    assert.equal(left, [])
    await nothingRuns(project)
    assert.equal([...seen].flatMap(tracesLeft), [])
  })

  test.run()
}
