import { createHash, randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { whyTaken } from '../api/listen.ts'
import { readWhole, writeWhole } from '../files/whole.ts'
import { alive, identify, killAll, marker, type ProcessIdentity, signal } from '../machine/process-table.ts'
import { createRestarts } from '../process/restarts.ts'
import { spawnDetached } from '../process/spawn.ts'
import { within } from '../process/within.ts'
import { forwarderVersion } from '../version.ts'
import { endpointOf, forwardingFolder, type Refused, type Report, type Rules } from './rules.ts'

const program = fileURLToPath(new URL('./main.ts', import.meta.url))

/** What of the rules is the cloud's to say. */
export type Wanted = Pick<Rules, 'forwardings' | 'associations'>

/**
 * How long it takes at most until the forwarder has said what came of new rules, in ms; on an idle machine it takes
 * about ten.
 */
const patience = 5_000

/**
 * For how long a forwarder may show no sign of work, in ms, before it is killed and another one started: whoever
 * connects to one that hangs waits for ever. On a machine that is busy one comes late by a second or two.
 */
const silence = 8_000

/**
 * So much of the time between two looks counts at most, in ms: when the computer slept, the forwarder slept with it.
 */
const longestLook = 1_000

/**
 * The cloud's side of the forwarder: tells it the rules, watches over its process, reads what came of them. One
 * forwarder serves all the public addresses of a cloud.
 * @param wake called when the process has ended, so that `apply` is called again soon
 */
export function createForwarder(cloudFolder: string, wake: () => void) {
  const folder = forwardingFolder(cloudFolder)
  // Its processes are found again as those of an instance are, by a variable in their environment.
  const mark = `forwarder-${createHash('sha256').update(cloudFolder).digest('hex').slice(0, 16)}`
  const version = forwarderVersion()
  let wanted: Pick<Rules, 'id' | 'forwardings'> = { id: '', forwardings: [] }
  let written = ''
  let child: ProcessIdentity | undefined
  const restarts = createRestarts()

  const report = () => readWhole<Report>(folder.report)
  const living = () => [...new Set([child, report()].flatMap((each) => (each !== undefined && alive(each) ? [each.pid] : [])))]
  let beat = { at: 0, seen: Date.now(), silentMs: 0 }

  /** Kills one that lives and does nothing, which frees its ports for the next one. */
  const endSilent = (pids: readonly number[]) => {
    const [at, now] = [statSync(folder.lock, { throwIfNoEntry: false })?.mtimeMs ?? 0, Date.now()]
    const silentMs = at === beat.at && pids.length > 0 ? beat.silentMs + Math.min(now - beat.seen, longestLook) : 0
    beat = { at, seen: now, silentMs }
    if (silentMs < silence) return
    console.error(`the forwarder (process ${pids.join(', ')}) does nothing any more; it is killed and started again`)
    for (const pid of pids) signal(pid, 'SIGKILL')
    beat.silentMs = 0
  }

  const start = () => {
    if (!restarts.due()) return
    const { PATH = '', TMPDIR, NODE_V8_COVERAGE } = process.env
    const env = { PATH, ...(TMPDIR && { TMPDIR }), ...(NODE_V8_COVERAGE && { NODE_V8_COVERAGE }), [marker]: mark }
    const started = spawnDetached([program, cloudFolder, version], { cwd: folder.path, log: folder.log, env })
    started.once('error', (error) => console.error(`cannot start the forwarder: ${error.message}`))
    started.once('exit', wake)
    child = started.pid === undefined ? undefined : identify(started.pid)
  }

  /** What the forwarder has made of the rules that are written now; undefined when it has not said so in time. */
  const settled = () =>
    within(wanted.forwardings.length === 0 ? 0 : patience, 10, () => {
      const said = report()
      return said && alive(said) && said.applied === wanted.id ? said : undefined
    })

  return {
    /**
     * Writes the rules down where they have changed, and starts the process where there are any and it does not live;
     * one that hangs is ended. Is called about twice a second. Returns at once.
     */
    apply(now: Wanted): void {
      const rules: Rules = { id: randomUUID(), program, version, ...now }
      const text = JSON.stringify(now)
      try {
        if (text === written && existsSync(folder.rules)) return
        mkdirSync(folder.path, { recursive: true, mode: 0o700 })
        writeWhole(folder.rules, rules)
        written = text
        wanted = rules
      } finally {
        // Also where there is no room for new rules: the old ones are there.
        const pids = living()
        if (now.forwardings.length > 0 && pids.length === 0) start()
        endSilent(pids)
      }
    },

    /** The ports that are to be forwarded and cannot be had, with the reason. */
    refused(): readonly Refused[] {
      const said = report()
      return said && alive(said) ? said.refused : []
    },

    /** Which of these ports on this address a program holds that is not the forwarder. */
    async taken(address: string, ports: readonly number[]): Promise<number[]> {
      const rules = new Set(wanted.forwardings.map(endpointOf))
      const ours = ports.some((port) => rules.has(endpointOf({ address, port })))
      const refused = new Set((ours ? await settled() : undefined)?.refused.map(endpointOf))
      const answers = await Promise.all(
        ports.map(async (port) => {
          const endpoint = endpointOf({ address, port })
          return rules.has(endpoint) ? refused.has(endpoint) : (await whyTaken(port, address)) !== undefined
        }),
      )
      return ports.filter((_, index) => answers[index])
    },

    /** Ends it, with every connection. */
    close: () => killAll(mark),
  }
}
