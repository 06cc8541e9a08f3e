/**
 * The forwarder's process: `node src/local/forwarder/main.ts CLOUD_FOLDER VERSION`. It leads the public ports of this
 * machine to the instances, as the network of AWS does, and is a process of its own so that they stay open when the
 * cloud's API ends, is killed or is replaced. It reads its rules from a file and says in another one what came of them.
 */
import { spawn } from 'node:child_process'
import { existsSync, utimesSync } from 'node:fs'
import type { Server } from 'node:net'
import { basename } from 'node:path'
import { watchFolder } from '../files/watch.ts'
import { readWhole, writeWhole } from '../files/whole.ts'
import { identify } from '../machine/process-table.ts'
import { exitCodes } from '../process/exit-codes.ts'
import { lockWithin } from '../process/lock.ts'
import { logForever } from '../process/log.ts'
import { createListeners } from './listeners.ts'
import { beatEvery, endpointOf, forwardingFolder, type Report, type Rules } from './rules.ts'

/** How often it looks by itself, in ms: for ports that were held by others, rules, and reports that found no room. */
const lookEvery = 250

const cloudFolder = process.argv[2]!
/** As whoever starts it counts, for the files may change meanwhile. */
const version = process.argv[3]!
const folder = forwardingFolder(cloudFolder)
const listeners = createListeners()
const self = identify(process.pid)!
let written = ''
let leaving = false
/** The version that could not take over: it is not tried again and again. */
let failedVersion: string | undefined
let unreported = false
let looking = false
let again = false

logForever()
const inherited = process.send ? await inherit() : undefined
const lock = await lockWithin(folder.lock, inherited ? 10_000 : 0)
if (!lock) {
  console.error(`another forwarder has ${folder.path}`)
  process.exit(exitCodes.locked)
}
process.on('SIGTERM', () => process.exit(0))
const beat = setInterval(() => {
  const now = new Date()
  // Takes no room: it is done on a full disk as well. Where the folder was removed, the next look ends the process.
  if (existsSync(folder.lock)) utimesSync(folder.lock, now, now)
}, beatEvery)
watchFolder(folder.path, lookEvery, wake, basename(folder.rules))
void wake()

/** One look at a time; a wish that comes meanwhile is one more look after it. */
async function wake(): Promise<void> {
  again = true
  if (looking) return
  looking = true
  while (again) {
    again = false
    await look().catch((error: Error) => console.error(`forwarder: ${error.stack}`))
  }
  looking = false
}

async function look(): Promise<void> {
  // Its folder was removed: nobody is left who could want it.
  if (!existsSync(folder.rules)) process.exit(0)
  const rules = readWhole<Rules>(folder.rules)
  if (!rules) return
  // Also while its last connections are about to end, and the ports are another process's.
  listeners.cut(rules.associations)
  if (leaving) return
  if (rules.version !== version && existsSync(rules.program) && (await handOver(rules))) return
  await listeners.apply(rules.forwardings)
  report(rules)
}

/** On a full disk it is tried again at the next look: what it reports is no more than what it does. */
function report({ id }: Rules): void {
  const said: Report = { ...self, version, applied: id, refused: listeners.refused() }
  const text = JSON.stringify(said)
  if (text === written) return
  try {
    writeWhole(folder.report, said)
    written = text
    unreported = false
  } catch (error) {
    if (!unreported) console.error(`cannot report: ${(error as Error).message}; it is tried again`)
    unreported = true
  }
}

/**
 * Starts the program that the rules name, gives it every port while it listens, and ends when its own last connection
 * has. No connection is refused meanwhile.
 */
async function handOver(rules: Rules): Promise<boolean> {
  if (rules.version === failedVersion) return false
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', rules.program, cloudFolder, rules.version], {
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const answered = new Promise<boolean>((resolve) => {
    child.once('message', () => resolve(true))
    child.once('error', () => resolve(false))
    child.once('exit', () => resolve(false))
  })
  if (!(await answered)) {
    failedVersion = rules.version
    console.error(`the forwarder ${rules.program} does not start; this one goes on`)
    return false
  }
  leaving = true
  const { idle } = await listeners.handOver(
    (endpoint, server) => new Promise((resolve) => child.send({ endpoint }, server, {}, () => resolve())),
  )
  clearInterval(beat)
  lock?.release()
  await new Promise<void>((resolve) => child.send({ last: true }, () => resolve()))
  child.disconnect()
  child.unref()
  void idle.then(() => process.exit(0))
  return true
}

/** Takes what the forwarder before this one hands over. */
async function inherit(): Promise<true> {
  const rules = readWhole<Rules>(folder.rules)
  const byEndpoint = new Map(rules?.forwardings.map((rule) => [endpointOf(rule), rule]))
  await new Promise<void>((resolve) => {
    process.on('message', (message: { endpoint?: string; last?: boolean }, server) => {
      const rule = message.endpoint === undefined ? undefined : byEndpoint.get(message.endpoint)
      if (rule) listeners.adopt(rule, server as Server)
      else if (server) (server as Server).close()
      if (message.last) resolve()
    })
    // Where it ends in the middle, the rest is opened as at every start.
    process.once('disconnect', resolve)
    process.send?.('ready')
  })
  return true
}
