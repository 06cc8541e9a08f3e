import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { Failure } from '../../../../config/failure.ts'
import type { InstanceFolder, Settings } from '../folder.ts'
import { dispatch } from './commands.ts'
import { openDocker } from './docker.ts'
import { createEcrLogin } from './ecr-login.ts'
import { type EngineCall, receive } from './engine-call.ts'
import { Refusal } from './refusal.ts'

/**
 * The container engine of an instance. This is the place where one is chosen: so far there is the stand-in, which runs an image's entrypoint
 * as a plain process and needs nothing but Node.
 */
export interface Engine {
  /** Starts what has to run after a boot. */
  boot(): Promise<void>
  /** Kills every container, as a machine does that is switched off. */
  powerOff(): Promise<void>
}

/** @throws Error when another machine process has this folder already */
export async function startEngine(folder: InstanceFolder, settings: Settings): Promise<Engine> {
  mkdirSync(folder.docker, { recursive: true })
  // The path of a Unix socket may have 104 bytes only, so it is named relative to the folder that the machine's process stands in.
  const path = process.cwd() === folder.path ? 'docker.sock' : join(folder.path, 'docker.sock')
  if (await answers(path)) throw new Error(`another process runs the machine in ${folder.path}`)
  rmSync(path, { force: true })
  const docker = openDocker(folder, settings)
  const ecr = createEcrLogin(folder, settings)
  const server = createServer((socket) => receive(socket, (call) => void answer(call)))
  const answer = async (call: EngineCall) => {
    try {
      call.exit(await (call.program === 'docker' ? dispatch(docker, call) : ecr.answer(call)))
    } catch (error) {
      call.err(`${said(error, call)}\n`)
      const code = error instanceof Refusal ? error.code : 1
      // `docker run` keeps the codes below 125 for the container's own.
      call.exit(code === 1 && runs(call) ? 125 : code)
    }
  }
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve))
  chmodSync(path, 0o600)
  return {
    boot: () => {
      docker.volumes.boot()
      return docker.containers.boot()
    },
    powerOff: () => docker.containers.powerOff(),
  }
}

/** A refusal in docker's words; a bug of ours with its stack, in the machine's log too. */
function said(error: unknown, call: EngineCall): string {
  if (error instanceof Refusal) return runs(call) ? `docker: ${error.message}` : error.message
  if (error instanceof Failure) return `docker: ${error.message}`
  console.error(`docker ${call.args[0]}:`, error)
  return `Error response from daemon: ${error instanceof Error ? error.stack : error}`
}

function runs({ args }: EngineCall): boolean {
  const [first, second] = args
  return ['run', 'create'].includes((first === 'container' ? second : first) ?? '')
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
