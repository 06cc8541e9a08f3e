import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { Docker } from '../docker.ts'
import { type Flags, parse } from '../flags.ts'
import type { LocalImage } from '../images/images.ts'
import { pullImage } from '../images/pull.ts'
import { pairs } from '../pairs.ts'
import { daemon, Refusal } from '../refusal.ts'
import type { EngineCall } from '../socket/engine-call.ts'
import { containerRecord, runFlags, signalName } from './run-options.ts'

/**
 * `docker run`: creates and starts; attached to its end unless `-d` is given, and then with the container's own exit
 * code.
 */
export async function run(docker: Docker, call: EngineCall): Promise<number> {
  const flags = parse('run', call.args, runFlags, [1], true)
  const image = await wanted(docker, call, flags.rest[0]!)
  const container = await docker.containers.create(containerRecord(docker, call, flags, image), image)
  const attached = {
    ...(flags.values.interactive && { stdin: call.input() }),
    stdout: (chunk: Buffer) => call.out(chunk),
    stderr: (chunk: Buffer) => call.err(chunk),
  }
  const detached = flags.values.detach === true
  if (!detached) call.onSignal((name) => container.record.state.status === 'running' && container.kill(name))
  try {
    await docker.containers.start(container, detached ? undefined : attached)
  } catch (error) {
    if (container.record.host.autoRemove) await docker.containers.remove(container, true)
    throw error
  }
  if (!detached) return container.wait()
  call.out(`${container.record.id}\n`)
  return 0
}

async function wanted(docker: Docker, call: EngineCall, text: string): Promise<LocalImage> {
  const found = docker.images.find(text)
  if (found) return found
  call.err(`Unable to find image '${text}' locally\n`)
  await pullImage(docker, call, text, (line) => call.err(`${line}\n`))
  return docker.images.find(text)!
}

const execFlags = {
  interactive: { type: 'boolean', short: 'i' },
  tty: { type: 'boolean', short: 't' },
  env: { type: 'string', short: 'e', multiple: true, default: [] },
  workdir: { type: 'string', short: 'w' },
} satisfies Flags

/** `docker exec`: one more process in a container's environment. */
export async function exec(docker: Docker, call: EngineCall): Promise<number> {
  const { values, rest } = parse('exec', call.args, execFlags, [2], true)
  const [name = '', ...command] = rest
  const { record } = docker.containers.get(name)
  if (record.state.status !== 'running') throw daemon(`container ${record.id} is not running`)
  const changed = { ...record, workingDir: values.workdir ?? record.workingDir, env: { ...record.env, ...pairs(values.env) } }
  const program = docker.containers.program(changed, command, true)
  if (values.tty) {
    if (!call.terminal) throw new Refusal('the input device is not a TTY')
    call.handOver({ ...program, env: { ...program.env, TERM: call.env.TERM ?? 'dumb' } })
    return 0
  }
  const { file, args, env, cwd } = program
  const stdin = values.interactive ? 'pipe' : 'ignore'
  const child = spawn(file, args, { cwd, env: { ...env }, detached: true, stdio: [stdin, 'pipe', 'pipe'] })
  child.stdout!.on('data', (chunk: Buffer) => call.out(chunk))
  child.stderr!.on('data', (chunk: Buffer) => call.err(chunk))
  if (child.stdin) {
    child.stdin.on('error', () => undefined)
    call.input().pipe(child.stdin)
  }
  call.onSignal((signal) => child.kill(signalName(signal)))
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(daemon(`exec failed: ${error.message}`, 126)))
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']))
  })
}
