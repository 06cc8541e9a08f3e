/**
 * End to end: the real scripts, run as a user runs them, in a project of their own with an embedded cloud of its own.
 * Nothing of ours is called from inside.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as pause } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import { until } from './client.ts'
import { kill, processesOf, treeOf } from './processes.ts'

const root = resolve(import.meta.dirname, '../..')

/** How a script ended. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
  readonly seconds: number
}

/** A script that runs. */
export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves once its standard error matches; rejects when it ends without. */
  says(pattern: RegExp): Promise<void>
}

/**
 * What stands in the config file, as far as it is no default of these tests: no monitoring, and one small service
 * called `web`.
 */
export type Options = Record<string, unknown>

/**
 * A project in a temp folder, as one that was just cloned and installed. Whatever runs because of it ends with the test
 * file, however that ends.
 */
export interface Project {
  readonly folder: string
  /** Where the embedded cloud keeps its state. */
  readonly state: string
  /** Ports that nobody has; the first is that of `web`. */
  readonly ports: readonly number[]
  write(files: Record<string, string>): void
  configure(options: Options): void
  /** `run('deploy', '--json')`: runs `npx zx scripts/deploy.mjs --json` to its end. */
  run(script: string, ...words: string[]): Promise<Ended>
  start(script: string, words?: readonly string[], options?: { env?: NodeJS.ProcessEnv; input?: string }): Running
  /** Runs a line as a user types it in the project's folder. */
  type(line: string): Promise<Ended>
}

/** What a script's command line is put behind, for a project whose processes live in a namespace of their own. */
export type Wrapper = (command: readonly string[]) => readonly string[]

/**
 * Lays out a project: the code is the working tree's, by links, so that its coverage counts; the config, the services
 * and the home folder are its own.
 * @param options `services`: folders of the working tree's services to copy, beside what all of them share
 */
export async function layProject(options: { services?: readonly string[]; wrapper?: Wrapper } = {}): Promise<Project> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'mlops-scripts-')))
  process.on('exit', () => {
    // Whoever is killed may have just started another one.
    for (let left = processesOf(folder); left.length > 0; left = processesOf(folder)) kill(left.map(({ pid }) => pid))
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  for (const name of ['config', 'monitoring', 'node_modules', 'scripts', 'src']) symlinkSync(join(root, name), join(folder, name))
  for (const name of ['package.json', ...['kit', ...(options.services ?? [])].map((service) => join('services', service))])
    cpSync(join(root, name), join(folder, name), { recursive: true })
  mkdirSync(join(folder, 'home'))
  const ports = await freePorts(8)
  const { wrapper = (command) => command } = options

  const project: Project = {
    folder,
    state: join(folder, '.mlops'),
    ports,
    write(files) {
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, path)), { recursive: true })
        writeFileSync(join(folder, path), content)
      }
    },
    configure(own) {
      const web = { entry: './services/web/server.ts', port: ports[0], expose: 'public' }
      const config = { app: 'shop', services: { web }, monitoring: false, ...own }
      const literal = JSON.stringify(config, undefined, 2)
      project.write({
        'mlops.config.ts': `import { defineConfig } from './config/index.ts'\n\nexport default defineConfig(${literal})\n`,
      })
    },
    run: (script, ...words) => project.start(script, words).ended,
    start: (script, words = [], options = {}) => launch([join(folder, 'node_modules/.bin/zx'), `scripts/${script}.mjs`, ...words], options),
    type: (line) => launch(['sh', '-c', line], {}).ended,
  }
  function launch(command: readonly string[], { env = {}, input }: { env?: NodeJS.ProcessEnv; input?: string }): Running {
    const [file, ...rest] = wrapper(command)
    const child = spawn(file!, rest, {
      cwd: folder,
      // A process group of its own, so that what a terminal or a CI system does to all of it can be done.
      detached: true,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      env: { ...surroundings(folder), ...env },
    })
    child.stdin?.end(input)
    return watch(child)
  }
  project.write({ 'services/web/server.ts': webService() })
  project.configure({})
  return project
}

/**
 * A user's environment with nothing of the tests' own in it, but what the runner needs to find processes and to
 * measure.
 */
function surroundings(folder: string): NodeJS.ProcessEnv {
  const { PATH, NODE_V8_COVERAGE, TEST_FILE_RUN, MLOPS_LOOPBACK = 'shared' } = process.env
  return {
    PATH: `${join(folder, 'node_modules/.bin')}${delimiter}${PATH}`,
    HOME: join(folder, 'home'),
    LANG: 'C.UTF-8',
    MLOPS_LOOPBACK,
    ...(NODE_V8_COVERAGE ? { NODE_V8_COVERAGE } : {}),
    ...(TEST_FILE_RUN ? { TEST_FILE_RUN } : {}),
  }
}

function watch(child: ChildProcess): Running {
  const started = performance.now()
  let said = ''
  let over = false
  child.stderr!.on('data', (chunk) => {
    said += chunk
  })
  // A script that hangs must not take the whole file with it: it ends without an exit code, and its output says how far
  // it got.
  const limit = setTimeout(() => kill(treeOf(child.pid!)), 150_000)
  const closed = new Promise<number | null>((done, fail) => child.once('close', done).once('error', fail)).finally(() =>
    clearTimeout(limit),
  )
  const ended = Promise.all([closed, text(child.stdout!), text(child.stderr!)]).then(([code, out, err]): Ended => {
    over = true
    return { code, out, err, seconds: (performance.now() - started) / 1000 }
  })
  return {
    child,
    ended,
    async says(pattern) {
      while (!pattern.test(said)) {
        if (over) throw new Error(`it ended without saying ${pattern}:\n${said}`)
        await pause(5)
      }
    },
  }
}

/**
 * The one document that a script printed with `--json`. Beside it there may be warnings, on standard error.
 * @throws AssertionError when the script failed, or printed anything else
 */
// biome-ignore lint/suspicious/noExplicitAny: its fields are what is tested
export function document({ code, out, err }: Ended, expected = 0): any {
  assert.is(code, expected, `${out}\n${err}`)
  assert.match(err, /^(! .*\n)*$/)
  return JSON.parse(out)
}

/**
 * Waits until nothing runs any more because of a project; the embedded cloud answers that it ends just before it does.
 */
export async function nothingRuns({ folder }: Project): Promise<void> {
  const left = () => processesOf(folder).map(({ command }) => command)
  await until(() => left().length === 0, 2, left)
}

/**
 * Ports that nobody listens on at any address of this machine. They lie below those that the system gives to outgoing
 * connections, so that none of those comes to sit on one meanwhile.
 */
export async function freePorts(count: number): Promise<number[]> {
  const found: number[] = []
  while (found.length < count) {
    const port = 11_000 + Math.floor(Math.random() * 20_000)
    if (!found.includes(port) && (await holdPort(port).then((server) => server?.close()))) found.push(port)
  }
  return found
}

/** Listens on a port of every address; undefined when it is taken. */
export function holdPort(port: number, address = '0.0.0.0') {
  return new Promise<ReturnType<typeof createServer> | undefined>((done) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', () => done(undefined)).listen(port, address, () => done(server))
  })
}

/**
 * A service without the kit: it answers `/health` by this status, everything else by its version, and says so in its
 * log.
 * @param later code that it runs a second and a half after its first answer
 */
export function webService({ version = '1', health = 200, starts = true, later = '' } = {}): string {
  return `import { createServer } from 'node:http'

console.log('web ${version} starts')
console.log('the model file is missing')
${starts ? '' : 'process.exit(3)'}
let status = ${health}
let asked = false
createServer((request, response) => {
  if (!asked) setTimeout(() => { ${later} }, 1500)
  asked = true
  if (request.url === '/health') response.writeHead(status, { 'content-type': 'application/json' }).end('{"status":"healthy","service":"web"}')
  else response.end('version ${version}')
}).listen(Number(process.env.PORT), process.env.HOST)
process.on('SIGTERM', () => process.exit(0))
`
}
