import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { resolve } from 'node:path'
import type { Container } from './container.ts'
import type { Docker } from './docker.ts'
import type { EngineCall } from './engine-call.ts'
import { expect, parse } from './flags.ts'
import { pullImage } from './image-commands.ts'
import type { LocalImage } from './images.ts'
import { pairs } from './pairs.ts'
import { daemon, Refusal } from './refusal.ts'
import { containerRecord, runFlags, runShort, signalName } from './run-options.ts'

/** `docker run`: creates and starts; attached to its end unless `-d` is given, and then with the container's own exit code. */
export async function run(docker: Docker, call: EngineCall): Promise<number> {
  const flags = parse('run', call.args, runFlags, runShort, false)
  expect('run', flags, 1)
  const container = await made(docker, call, flags)
  const detached = flags.has('detach')
  if (!detached) {
    call.onSignal((name) => {
      if (container.record.state.status === 'running') container.kill(name)
    })
  }
  try {
    await docker.containers.start(
      container,
      detached
        ? undefined
        : {
            ...(flags.has('interactive') && { stdin: call.input() }),
            stdout: (chunk) => call.out(chunk),
            stderr: (chunk) => call.err(chunk),
          },
    )
  } catch (error) {
    if (container.record.host.autoRemove) await docker.containers.remove(container, true)
    throw error
  }
  if (!detached) return container.wait()
  call.out(`${container.record.id}\n`)
  return 0
}

/** `docker create`. */
export async function create(docker: Docker, call: EngineCall): Promise<number> {
  const { detach: _, ...known } = runFlags
  const flags = parse('create', call.args, known, runShort, false)
  expect('create', flags, 1)
  call.out(`${(await made(docker, call, flags)).record.id}\n`)
  return 0
}

async function made(docker: Docker, call: EngineCall, flags: ReturnType<typeof parse>): Promise<Container> {
  const platform = flags.value('platform')
  const own = `linux/${process.arch === 'arm64' ? 'arm64' : 'amd64'}`
  if (platform !== undefined && platform !== own) throw daemon(`this instance runs ${own} only, not ${platform}`, 125)
  const cidfile = flags.value('cidfile')
  if (cidfile !== undefined && existsSync(resolve(call.cwd, cidfile)))
    throw new Refusal(`container ID file found, make sure the other container isn't running or delete ${cidfile}`, 125)
  const image = await wanted(docker, call, flags.rest[0]!, flags.value('pull') ?? 'missing')
  const container = await docker.containers.create(containerRecord(docker, call, flags, image), image)
  if (cidfile !== undefined) writeFileSync(resolve(call.cwd, cidfile), container.record.id)
  return container
}

async function wanted(docker: Docker, call: EngineCall, text: string, pull: string): Promise<LocalImage> {
  if (!['always', 'missing', 'never'].includes(pull))
    throw new Refusal(`invalid pull option: '${pull}': must be one of "always", "missing" or "never"`, 125)
  const found = docker.images.find(text)
  if (found && pull !== 'always') return found
  if (pull === 'never') throw daemon(`No such image: ${text}`, 125)
  if (!found) call.err(`Unable to find image '${text}' locally\n`)
  await pullImage(docker, call, text, (line) => call.err(`${line}\n`))
  return docker.images.find(text)!
}

/** `docker exec`: one more process in a container's environment. */
export async function exec(docker: Docker, call: EngineCall): Promise<number> {
  const known = { interactive: 'flag', tty: 'flag', detach: 'flag', env: 'list', workdir: 'value', user: 'value' } as const
  const flags = parse('exec', call.args, known, { i: 'interactive', t: 'tty', d: 'detach', e: 'env', w: 'workdir', u: 'user' }, false)
  expect('exec', flags, 2)
  const [name = '', ...command] = flags.rest
  const { record } = docker.containers.get(name)
  if (record.state.status !== 'running') throw daemon(`container ${record.id} is not running`)
  const changed = {
    ...record,
    workingDir: flags.value('workdir') ?? record.workingDir,
    env: { ...record.env, ...pairs(flags.list('env')) },
  }
  const program = docker.containers.program(changed, command, true)
  if (flags.has('tty')) {
    if (!call.terminal) throw new Refusal('the input device is not a TTY')
    call.handOver({ ...program, env: { ...program.env, TERM: call.env.TERM ?? 'dumb' } })
    return 0
  }
  const { file, args, env, cwd } = program
  const child = spawn(file, args, {
    cwd,
    env: { ...env },
    detached: true,
    stdio: [flags.has('interactive') ? 'pipe' : 'ignore', 'pipe', 'pipe'],
  })
  child.stdout!.on('data', (chunk: Buffer) => call.out(chunk))
  child.stderr!.on('data', (chunk: Buffer) => call.err(chunk))
  if (child.stdin) {
    child.stdin.on('error', () => undefined)
    call.input().pipe(child.stdin)
  }
  call.onSignal((signal) => child.kill(signalName(signal)))
  if (flags.has('detach')) return 0
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(daemon(`exec failed: ${error.message}`, 126)))
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']))
  })
}
