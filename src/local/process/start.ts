import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../report/failure.ts'
import type { PublicPorts, Status } from '../admin/admin.ts'
import { askCloud } from '../admin/client.ts'
import type { Credentials } from '../files/keys.ts'
import { makeFolder, readCredentials } from '../files/keys.ts'
import { forwardingFolder, type Rules } from '../forwarder/rules.ts'
import { refuseWithoutEngine } from '../machine/dockerd/requirements.ts'
import type { EngineName } from '../machine/engine-name.ts'
import { readWhole } from '../machine/folder.ts'
import { codeVersion } from '../version.ts'
import { readCloudState } from './cloud-state.ts'
import { exitCodes } from './exit-codes.ts'
import type { Successor } from './handover.ts'
import { takeLock } from './lock.ts'

/**
 * How a script reaches the embedded cloud: the two values in which a local stage differs from others, and its region.
 */
export interface Started {
  readonly endpoint: string
  readonly region: string
  readonly credentials: Credentials
  /** What to tell where a cloud that had been there before did not run any more, and was started again. */
  readonly revived?: string
}

export interface StartOptions {
  readonly folder: string
  readonly port?: number
  readonly region?: string
  readonly engine?: EngineName
}

/** How long a start or a stop may take, in ms. A start takes well under a second on an idle machine. */
const limit = 20_000
const pause = 15
/** How long to wait for a cloud that may be none, in ms; one that is merely slow is asked again. */
const glance = 1500

/**
 * The embedded cloud of a folder: the running one, or else a new process that outlives this one. One that runs older
 * code, or plays another region, or gives new instances another engine, is replaced; its instances go on and are found
 * again. Starts at the same time end with one cloud.
 * @param folder absolute; made when absent
 * @param port wanted at the first start; a free one is taken where it is in use, and kept from then on
 * @param region what it plays; by default what it played before
 * @param engine the container engine of instances launched from now on; by default what it was before
 * @throws Failure with the last lines of its log when it does not come up
 */
export async function startCloud(options: StartOptions): Promise<Started> {
  const { started, revived } = await bringUp(options)
  return revived ? { ...started, revived: await comeBack(options.folder, revived) } : started
}

/** `revived`: what a cloud says that had been there before, did not run and was started again. */
async function bringUp({ folder, port, region, engine }: StartOptions): Promise<{ started: Started; revived?: Status }> {
  if (engine === 'docker') refuseWithoutEngine()
  prepare(folder)
  const version = codeVersion()
  const deadline = Date.now() + limit
  let child: { code: number | undefined } | undefined
  let replaces = false
  let patientUntil = 0
  // Before the first start, and after a destroy, there is nothing that could have been missed.
  const had = instancesIn(folder)
  while (Date.now() < deadline) {
    const status = await askCloud<Status>(folder, 'status', {}, glance)
    if (status && status.version === version && asWanted(status, region, engine)) {
      const again = child !== undefined && !replaces && had > 0
      return { started: started(folder), ...(again && { revived: status }) }
    }
    if (status) {
      replaces = true
      const successor: Successor = { command: commandOf(folder, { port, region, engine }), env: environmentOf(process.env, folder) }
      const stopping = await askCloud<{ handsOver?: boolean }>(folder, 'stop', { instances: 'keep', successor })
      // The next one is started by this one then, and answers on the same socket.
      if (stopping?.handsOver) patientUntil = Date.now() + limit / 2
      else await released(folder, deadline)
    }
    if (Date.now() < patientUntil) {
      await sleep(pause)
      continue
    }
    if (child?.code === exitCodes.locked) child = undefined
    if (child?.code !== undefined) throw failed(folder, child.code)
    child ??= launch(folder, { port, region, engine })
    await sleep(pause)
  }
  throw unresponsive('does not answer', folder)
}

/** How many instances have a folder, which one that is terminated has not. */
function instancesIn(folder: string): number {
  const instances = path.join(folder, 'instances')
  return existsSync(instances) ? readdirSync(instances).length : 0
}

/**
 * How long a cloud that was revived may take, in ms, to bring back the machines that ran, and these their containers.
 */
const comebackLimit = { machines: 30_000, ports: 5_000 } as const

/**
 * Waits until the machines that ran with an earlier cloud run again, and until something listens behind every public
 * port: what a script looks at afterwards is then as it will stay.
 * @returns what to tell
 */
async function comeBack(folder: string, first: Status): Promise<string> {
  const lost = first.instances.filter(({ impaired, recovered }) => impaired || recovered).map(({ id }) => id)
  if (lost.length === 0) return 'The embedded cloud had ended and was started again; its machines had gone on.'
  const machines = `machine${lost.length === 1 ? '' : 's'} ${lost.join(', ')}`
  const still = async () =>
    (await askCloud<Status>(folder, 'status'))?.instances.filter(({ impaired }) => impaired).map(({ id }) => id) ?? lost
  let out = await still()
  for (const giveUp = Date.now() + comebackLimit.machines; out.length > 0 && Date.now() < giveUp; out = await still()) await sleep(50)
  if (out.length > 0)
    return `The embedded cloud had ended and was started again; ${out.join(', ')} is still being started: its log is in ${path.join(folder, 'instances', out[0]!, 'machine.log')}.`
  const rules = readWhole<Rules>(forwardingFolder(folder).rules)?.forwardings ?? []
  for (const giveUp = Date.now() + comebackLimit.ports; Date.now() < giveUp; await sleep(50)) {
    if ((await Promise.all(rules.map(({ to, port }) => answers(to, port)))).every(Boolean)) break
  }
  return `The embedded cloud had ended and was started again, and with it ${machines}.`
}

/** Whether something accepts a connection there. */
function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 })
    const say = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    socket.once('connect', () => say(true))
    socket.once('timeout', () => say(false))
    socket.once('error', () => say(false))
  })
}

function unresponsive(how: string, folder: string): Failure {
  const pid = readCloudState(folder)?.pid
  const next = pid === undefined ? {} : { next: `kill ${pid}` }
  return new Failure(`The embedded cloud ${how}.`, { on: `embedded cloud in ${folder}`, log: lastLines(folder), ...next })
}

function asWanted(status: Status, region: string | undefined, engine: EngineName | undefined): boolean {
  return (region === undefined || status.region === region) && (engine === undefined || status.engine === engine)
}

/**
 * Kills the instances of a folder's cloud and ends it. Nothing to do where none runs and no instance was left behind by
 * one.
 */
export async function stopCloud({ folder }: { folder: string }): Promise<void> {
  if (!existsSync(path.join(folder, 'cloud.json'))) return
  const deadline = Date.now() + limit
  if (!(await askCloud<Status>(folder, 'status'))) {
    if (instancesIn(folder) === 0) return
    // Only a cloud knows how to end the instances that one which was killed has left.
    await bringUp({ folder })
  }
  await askCloud(folder, 'stop', { instances: 'kill' })
  await released(folder, deadline)
}

/** What the cloud of a folder says about itself; undefined when none runs there. */
export async function cloudStatus({ folder }: { folder: string }): Promise<Status | undefined> {
  return await askCloud<Status>(folder, 'status')
}

/**
 * Elastic IPs are loopback addresses, so a stage's open ports are ports of this machine.
 * @param tags those of the stage: its address is the one that has them, or the next that is free
 * @returns that address; undefined where none is left
 * @throws Failure that names the ports which a program other than the cloud holds there
 */
export async function refuseTakenPorts(
  { folder }: { folder: string },
  tags: Readonly<Record<string, string>>,
  ports: readonly number[],
): Promise<string | undefined> {
  if (ports.length === 0) return undefined
  const { address, taken } = (await askCloud<PublicPorts>(folder, 'ports', { tags, ports })) ?? { taken: [] }
  if (taken.length === 0) return address
  const which = taken.length === 1 ? `Port ${taken[0]} is` : `Ports ${taken.join(', ')} are`
  throw new Failure(`${which} held by another program on this machine. Nothing was changed.`, {
    on: `${address}:${taken[0]}`,
    likely: 'A server that was started by hand listens there.',
    next: `${process.platform === 'linux' ? `ss -ltnp 'sport = :${taken[0]}'` : `lsof -nP -iTCP:${taken[0]} -sTCP:LISTEN`}`,
  })
}

function prepare(folder: string): void {
  try {
    makeFolder(folder)
  } catch (cause) {
    throw unwritable(folder, cause as Error)
  }
}

function openLog(folder: string): number {
  try {
    return openSync(path.join(folder, 'cloud.log'), 'a', 0o600)
  } catch (cause) {
    throw unwritable(folder, cause as Error)
  }
}

function unwritable(folder: string, cause: Error): Failure {
  return new Failure(`The embedded cloud cannot keep its state: ${cause.message}. Nothing was changed.`, { on: folder, cause })
}

function started(folder: string): Started {
  const [state, credentials] = [readCloudState(folder), readCredentials(folder)]
  if (!state || !credentials) throw new Failure(`The state of the embedded cloud was removed while it runs.`, { on: folder })
  return { endpoint: state.endpoint, region: state.region, credentials }
}

/**
 * What the cloud's process gets of its first caller's environment: it lives long, serves other callers, and needs
 * neither their secrets nor their credentials.
 */
export function environmentOf(env: NodeJS.ProcessEnv, folder: string): Record<string, string> {
  const wanted = (name: string) =>
    /^(PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|TMPDIR|NODE_V8_COVERAGE|TEST_FILE_RUN)$/.test(name) || settings.includes(name)
  const kept = Object.entries(env).flatMap(([name, value]) => (value !== undefined && wanted(name) ? [[name, value]] : []))
  // Parsing and stripping the types of a hundred files takes longer than everything else at a start.
  return { ...Object.fromEntries(kept), NODE_COMPILE_CACHE: path.join(folder, 'compiled') }
}

/** Settings of the embedded cloud itself, all of them for tests and trials. */
const settings = ['MLOPS_BOOT_SECONDS', 'MLOPS_CLOUD_LATENCY_MS', 'MLOPS_LOOPBACK']

/** The program of the cloud, with its arguments. */
function commandOf(folder: string, wanted: Record<string, string | number | undefined>): string[] {
  const options = Object.entries(wanted).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, String(value)]))
  return [path.join(import.meta.dirname, '../main.ts'), '--folder', folder, ...options]
}

/** Starts the process in a session of its own. Its exit code appears in what is returned. */
function launch(folder: string, wanted: Record<string, string | number | undefined>): { code: number | undefined } {
  const log = openLog(folder)
  // Node makes it, with whatever umask the caller has, before any code of ours runs; and what lies in it is run.
  makeFolder(path.join(folder, 'compiled'))
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...commandOf(folder, wanted)], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', log, log],
    env: environmentOf(process.env, folder),
  })
  closeSync(log)
  child.unref()
  const outcome: { code: number | undefined } = { code: undefined }
  child.once('error', () => {
    outcome.code = exitCodes.failed
  })
  child.once('exit', (code) => {
    outcome.code = code ?? exitCodes.failed
  })
  return outcome
}

function failed(folder: string, code: number): Failure {
  const on = `embedded cloud in ${folder}`
  if (code === exitCodes.full)
    return new Failure('The disk is full: the embedded cloud cannot keep its state. What it had is intact.', {
      on,
      next: `df -h ${folder}`,
    })
  if (code === exitCodes.port) {
    const port = readCloudState(folder)?.port
    return new Failure(`Port ${port}, on which the embedded cloud has been since its first start, is held by another program.`, {
      on,
      likely: 'Image references and running instances name that port, so it cannot move while there are any.',
      next: `${process.platform === 'linux' ? `ss -ltnp 'sport = :${port}'` : `lsof -nP -iTCP:${port} -sTCP:LISTEN`}`,
    })
  }
  return new Failure('The embedded cloud did not start.', { on, log: lastLines(folder), next: `cat ${path.join(folder, 'cloud.log')}` })
}

function lastLines(folder: string): string[] {
  const file = path.join(folder, 'cloud.log')
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-20) : []
}

/**
 * Waits until no process has the folder.
 * @throws Failure when one still has it at the deadline
 */
async function released(folder: string, deadline: number): Promise<void> {
  while (Date.now() < deadline) {
    const lock = takeLock(path.join(folder, 'lock'))
    if (lock) return lock.release()
    await sleep(pause)
  }
  throw unresponsive('does not end', folder)
}
