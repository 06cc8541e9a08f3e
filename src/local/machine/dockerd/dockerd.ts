/**
 * A real container engine for an instance: a dockerd of its own, alone in namespaces of its own. So two instances, and
 * the docker that this machine may have, never meet: not in networks, not in the packet filter, not in mounts. And when
 * its first process is killed, everything in it has gone.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { onPath, systemFolders } from '../../../report/on-path.ts'
import { within } from '../../process/within.ts'
import { createEcrLogin } from '../docker/images/ecr-login.ts'
import { listenForCalls } from '../docker/socket/calls.ts'
import type { Engine } from '../engine.ts'
import type { InstanceFolder, Settings } from '../folder.ts'
import { containerMemoryMiB } from '../memory/capacity.ts'
import { bootScript, up } from './boot-script.ts'
import { openGate } from './gate.ts'
import { layLink } from './link.ts'
import { limitMemory } from './memory-limit.ts'
import { engineSocket, makeRun, removeEngine, tracesOf } from './traces.ts'

/** How long dockerd may take to answer, in ms; on an idle machine it takes a second. */
const patience = 60_000
/** How long after its end it is started again, in ms, as systemd does on Amazon Linux. */
const restartAfter = 2000

/**
 * Prepares the real engine of an instance.
 *
 * @param metadata where the metadata service answers on this machine's loopback
 * @throws Error when another machine process has this folder already
 */
export async function startDockerd(folder: InstanceFolder, settings: Settings, metadata: string): Promise<Engine> {
  const ecrLogin = createEcrLogin(folder, settings)
  await listenForCalls(folder, async (call) => call.exit(await ecrLogin.answer(call)))
  let running: Daemon | undefined
  let wanted = false

  const start = async () => {
    await removeEngine(settings.instanceId)
    running = await startDaemon(folder, settings, [settings.endpoint, metadata])
    running.process.once('exit', (code, signal) => wanted && void again(`dockerd has ended (${signal ?? code})`))
  }
  const again = async (why: string) => {
    console.error(`${why}; it is started again`)
    await running?.end()
    await sleep(restartAfter)
    if (wanted) await start().catch((error: Error) => again(error.message))
  }
  return {
    async boot() {
      wanted = true
      await start()
    },
    async powerOff() {
      wanted = false
      await running?.end()
      running = undefined
    },
  }
}

interface Daemon {
  /** Ends when the engine and everything in its namespaces has ended. */
  readonly process: ChildProcess
  end(): Promise<void>
}

/** @throws Error with the last lines of its log when it does not come up */
async function startDaemon(folder: InstanceFolder, settings: Settings, reachable: readonly string[]): Promise<Daemon> {
  const traces = tracesOf(settings.instanceId)
  makeRun(settings.instanceId, folder.path)
  const unlimited = limitMemory(traces.cgroup, containerMemoryMiB(settings.memoryMiB) * 1024 ** 2)
  if (unlimited !== undefined) console.error(`containers may take more memory than the instance has: ${unlimited}`)
  writeFileSync(join(traces.run, 'daemon.json'), '{}')
  const logFile = join(folder.path, 'dockerd.log')
  const log = openSync(logFile, 'a', 0o600)
  const script = bootScript({ ...traces, data: folder.docker })
  // Mounts of this machine show in there, and never the other way round.
  const namespaces = ['--net', '--mount', '--propagation', 'slave', '--pid', '--ipc', '--fork', '--kill-child', '--mount-proc']
  const child = spawn(
    onPath('setpriv')!,
    // Whoever kills the machine's process kills the engine with it.
    ['--pdeathsig', 'KILL', onPath('unshare')!, ...namespaces, 'sh', '-c', script],
    { stdio: ['ignore', 'pipe', log], cwd: '/', env: { ...process.env, PATH: [process.env.PATH, ...systemFolders].join(delimiter) } },
  )
  closeSync(log)
  let closeGate: (() => void) | undefined
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()))
  const end = async () => {
    closeGate?.()
    child.kill('SIGKILL')
    await ended
    await removeEngine(settings.instanceId)
  }
  try {
    await said(child, up)
    const [opened] = await Promise.all([
      openGate(child.pid!, reachable),
      layLink({ link: traces.link, address: settings.privateAddress, pid: child.pid! }),
      answers(child, engineSocket(settings.instanceId)),
    ])
    closeGate = opened
    return { process: child, end }
  } catch (error) {
    await end()
    const lines = existsSync(logFile) ? readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-5) : []
    throw new Error(`the container engine does not come up: ${(error as Error).message}\n${lines.join('\n')}`, { cause: error })
  }
}

/** Waits for a line on a process's standard output. */
function said(child: ChildProcess, line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (chunk) => {
      text += chunk
      if (text.split('\n').includes(line)) resolve()
    })
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`its namespaces cannot be made (${signal ?? code})`)))
  })
}

/** Waits until the engine answers. */
async function answers(child: ChildProcess, socket: string): Promise<void> {
  const there = await within(patience, 20, () => {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error('dockerd has ended')
    return ping(socket)
  })
  if (!there) throw new Error(`dockerd does not answer within ${patience / 1000} s`)
}

/** https://docs.docker.com/reference/api/engine/version/v1.41/#tag/System/operation/SystemPing */
function ping(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ socketPath, path: '/_ping', timeout: 1000 }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode === 200))
    })
    call.on('timeout', () => call.destroy())
    // Not there yet: it is asked again.
    call.on('error', () => resolve(false))
    call.end()
  })
}
