import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure } from '../../report/failure.ts'
import type { Status } from '../admin/admin.ts'
import { askCloud } from '../admin/client.ts'
import { type Credentials, makeFolder, readCredentials } from '../files/keys.ts'
import { refuseWithoutEngine } from '../machine/dockerd/requirements.ts'
import type { EngineName } from '../machine/engine.ts'
import { codeVersion } from '../version.ts'
import { readCloudState } from './cloud-state.ts'
import { comeBack } from './comeback.ts'
import { exitCodes } from './exit-codes.ts'
import { didNotStart, silentCloud, unresponsive } from './failures.ts'
import type { Successor } from './handover.ts'
import { commandOf, environmentOf, type Launched, launch } from './launch.ts'
import { lockWithin } from './lock.ts'

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
  /** Told in one line when a cloud that runs has not answered for some seconds and is waited for. */
  readonly waiting?: ((line: string) => void) | undefined
}

/** How long a start or a stop may take, in ms. A start takes well under a second on an idle machine. */
const limit = 20_000
const pause = 15
/** After so long, in ms, whoever waits for a cloud that runs and says nothing is told so. */
const quiet = 3_000
/** How long to wait for a cloud that may be none, in ms; one that is merely slow is asked again. */
const glance = 1500

/**
 * The embedded cloud of a folder: the running one, or else a new process that outlives this one. One that runs older
 * code, or gives new instances another engine, is replaced; its instances go on and are found
 * again. Starts at the same time end with one cloud.
 * @param folder absolute; made when absent
 * @param port wanted at the first start; a free one is taken where it is in use, and kept from then on
 * @param region the region of who asks; by default that of the first start
 * @param engine the container engine of instances launched from now on; by default what it was before
 * @throws Failure with the last lines of its log when it does not come up
 */
export async function startCloud(options: StartOptions): Promise<Started> {
  const { started, revived } = await bringUp(options)
  return revived ? { ...started, revived: await comeBack(options.folder, revived) } : started
}

/** `revived`: what a cloud says that had been there before, did not run and was started again. */
async function bringUp({ folder, port, region, engine, waiting }: StartOptions): Promise<{ started: Started; revived?: Status }> {
  if (engine === 'docker') refuseWithoutEngine()
  keeping(folder, () => makeFolder(folder))
  const version = codeVersion()
  const begun = Date.now()
  const deadline = begun + limit
  let locked = false
  let told = false
  let child: Launched | undefined
  let replaces = false
  let patientUntil = 0
  // Before the first start, and after a destroy, there is nothing that could have been missed.
  const had = instancesIn(folder)
  while (Date.now() < deadline) {
    const status = await askCloud<Status>(folder, 'status', {}, glance)
    if (status && status.version === version && asWanted(status, engine)) {
      if (child?.pid !== status.pid) child?.end()
      const again = child !== undefined && !replaces && had > 0
      return { started: started(folder, region), ...(again && { revived: status }) }
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
    if (child?.code === exitCodes.locked) {
      child = undefined
      locked = true
    }
    if (child?.code !== undefined) throw didNotStart(folder, child.code)
    if (locked && !told && Date.now() - begun > quiet) {
      told = true
      waiting?.(`${silentCloud(folder)}; it is waited for, at most ${limit / 1000} s.`)
    }
    child ??= keeping(folder, () => launch(folder, { port, region, engine }))
    await sleep(pause)
  }
  if (locked) child?.end()
  throw unresponsive('does not answer', folder)
}

/** How many instances have a folder, which one that is terminated has not. */
function instancesIn(folder: string): number {
  const instances = path.join(folder, 'instances')
  return existsSync(instances) ? readdirSync(instances).length : 0
}

function asWanted(status: Status, engine: EngineName | undefined): boolean {
  return engine === undefined || status.engine === engine
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

function started(folder: string, region: string | undefined): Started {
  const [state, credentials] = [readCloudState(folder), readCredentials(folder)]
  if (!state || !credentials) throw new Failure(`The state of the embedded cloud was removed while it runs.`, { on: folder })
  return { endpoint: state.endpoint, region: region ?? state.region, credentials }
}

/** @throws Failure where nothing can be written in the folder */
function keeping<T>(folder: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    const { message } = cause as Error
    throw new Failure(`The embedded cloud cannot keep its state: ${message}. Nothing was changed.`, { on: folder, cause })
  }
}

/**
 * Waits until no process has the folder.
 * @throws Failure when one still has it at the deadline
 */
async function released(folder: string, deadline: number): Promise<void> {
  const lock = await lockWithin(path.join(folder, 'lock'), deadline - Date.now())
  if (!lock) throw unresponsive('does not end', folder)
  lock.release()
}
