import { spawn } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { readWhole, writeWhole } from '../machine/folder.ts'
import { alive, identify, killAll, marker, type ProcessIdentity } from '../machine/process-table.ts'
import { createRestarts } from '../process/restarts.ts'
import { endpointOf, type Forwarding, forwarderVersion, forwardingFolder, type Refused, type Report, type Rules } from './rules.ts'

const program = fileURLToPath(new URL('./main.ts', import.meta.url))

/**
 * The cloud's side of the forwarder: tells it the rules, watches over its process, reads what came of them. One
 * forwarder serves all the public addresses of a cloud.
 */
export interface Forwarder {
  /**
   * Writes the rules down where they have changed, and starts the process where there are any and it does not live.
   * Returns at once.
   */
  apply(wanted: readonly Forwarding[]): void
  /** Which of these ports on this address a program holds that is not the forwarder. */
  taken(address: string, ports: readonly number[]): Promise<number[]>
  /** The ports that are to be forwarded and cannot be had, with the reason. */
  refused(): readonly Refused[]
  /** Ends it, with every connection. */
  close(): Promise<void>
}

/**
 * How long it takes at most until the forwarder has said what came of new rules, in ms; on an idle machine it takes
 * about ten.
 */
const patience = 5_000
/** @param wake called when the process has ended, so that `apply` is called again soon */
export function createForwarder(cloudFolder: string, wake: () => void): Forwarder {
  const folder = forwardingFolder(cloudFolder)
  // Its processes are found again as those of an instance are, by a variable in their environment.
  const mark = `forwarder-${createHash('sha256').update(cloudFolder).digest('hex').slice(0, 16)}`
  const version = forwarderVersion()
  let wanted: Pick<Rules, 'id' | 'forwardings'> = { id: '', forwardings: [] }
  let written = ''
  let child: ProcessIdentity | undefined
  const restarts = createRestarts()

  const report = () => readWhole<Report>(folder.report)
  const lives = () => [child, report()].some((each) => each !== undefined && alive(each))

  const start = () => {
    if (!restarts.due()) return
    const log = openSync(folder.log, 'a', 0o600)
    try {
      const { PATH = '', TMPDIR, NODE_V8_COVERAGE } = process.env
      const started = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, cloudFolder, version], {
        cwd: folder.path,
        detached: true,
        stdio: ['ignore', log, log],
        env: { PATH, ...(TMPDIR && { TMPDIR }), ...(NODE_V8_COVERAGE && { NODE_V8_COVERAGE }), [marker]: mark },
      })
      started.once('error', (error) => console.error(`cannot start the forwarder: ${error.message}`))
      started.once('exit', wake)
      started.unref()
      child = started.pid === undefined ? undefined : identify(started.pid)
    } finally {
      closeSync(log)
    }
  }

  /** What the forwarder has made of the rules that are written now; undefined when it has not said so in time. */
  const settled = async (): Promise<Report | undefined> => {
    for (const giveUp = Date.now() + patience; ; await sleep(10)) {
      const said = report()
      if (said && alive(said) && said.applied === wanted.id) return said
      if (Date.now() > giveUp || wanted.forwardings.length === 0) return undefined
    }
  }

  return {
    apply(now) {
      const rules: Rules = { id: randomUUID(), program, version, forwardings: now }
      const text = JSON.stringify(now)
      try {
        if (text === written && existsSync(folder.rules)) return
        mkdirSync(folder.path, { recursive: true, mode: 0o700 })
        writeWhole(folder.rules, rules)
        written = text
        wanted = rules
      } finally {
        // Also where there is no room for new rules: the old ones are there.
        if (now.length > 0 && !lives()) start()
      }
    },

    refused() {
      const said = report()
      return said && alive(said) ? said.refused : []
    },

    async taken(address, ports) {
      const rules = new Set(wanted.forwardings.map(endpointOf))
      const ours = ports.some((port) => rules.has(endpointOf({ address, port })))
      const refused = new Set((ours ? await settled() : undefined)?.refused.map(endpointOf))
      const answers = await Promise.all(
        ports.map((port) => {
          const endpoint = endpointOf({ address, port })
          return rules.has(endpoint) ? refused.has(endpoint) : held(address, port)
        }),
      )
      return ports.filter((_, index) => answers[index])
    },

    async close() {
      await killAll(mark)
    },
  }
}

/** Whether a port is held by some program, found out by listening on it for a moment. */
function held(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(true))
    probe.listen(port, address, () => probe.close(() => resolve(false)))
  })
}
