import { Agent, get } from 'node:http'
import { performance } from 'node:perf_hooks'
import { findProcess, type WatchedProcess } from './process.ts'
import type { Target } from './target.ts'

/** What a service has used so far, as its own `/metrics` says. */
export interface Reading {
  /** Processor time of all its threads, in seconds. */
  readonly cpuSeconds: number
  readonly residentBytes: number
  /** Seconds since the epoch: another one is another process. */
  readonly startedAt: number
  /** All of it. */
  readonly text: string
}

/**
 * The instrument: reads the service's own `/metrics` and, where its process runs on this machine, what Linux says about
 * its memory.
 */
export interface Gauge {
  /** @throws when there is no answer within the patience, in ms */
  read(patienceMs?: number): Promise<Reading>
  /** How many readings there have been: each costs the service something. */
  readings(): number
  /** Begins to look for the peak of its memory. */
  beginPeak(): void
  /**
   * The most resident memory since then, in bytes: Linux's own count where the process was found, else the largest
   * reading.
   */
  peak(): number
  /**
   * Of the time in which its main thread had something to do since the last call, the share in which others had the
   * processor; undefined where that is not known.
   */
  waited(): number | undefined
  /** Whether the process was found, so that no peak between two readings is missed. */
  exact(): boolean
  /** Looks for the process, at the beginning and after a crash. */
  find(): Promise<void>
  close(): void
}

export function openGauge(target: Target): Gauge {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  let process: WatchedProcess | undefined
  let readings = 0
  let times = { ran: 0, waited: 0 }
  let highest = 0
  const read = async (patienceMs = 60_000) => {
    readings++
    const reading = parseMetrics(await textOf(target, agent, patienceMs))
    highest = Math.max(highest, reading.residentBytes)
    return reading
  }
  return {
    read,
    readings: () => readings,
    beginPeak() {
      highest = 0
      process?.resetPeak()
    },
    peak: () => Math.max(highest, process?.peakBytes() ?? 0),
    waited() {
      const before = times
      if (!process) return undefined
      times = process.times()
      const [ran, waited] = [times.ran - before.ran, times.waited - before.waited]
      return ran + waited > 0 ? waited / (ran + waited) : undefined
    },
    exact: () => process !== undefined,
    async find() {
      process = findProcess(target.port, (await read()).startedAt)
    },
    close: () => agent.destroy(),
  }
}

function textOf({ host, port, bearer = {} }: Target, agent: Agent, patienceMs: number): Promise<string> {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const request = get({ host, port, agent, path: '/metrics', headers: bearer, timeout: patienceMs }, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (piece) => {
        text += piece
      })
      response.once('end', () =>
        response.statusCode === 200
          ? resolve(text)
          : reject(
              new Error(
                `/metrics answered ${response.statusCode}${response.statusCode === 401 ? ': SERVICE_TOKEN or SERVICE_TOKEN_FILE has to say with which token' : ''}`,
              ),
            ),
      )
      response.once('error', reject)
    })
    request.once('timeout', () => request.destroy(new Error(`/metrics did not answer within ${patienceMs / 1000} s`)))
    request.once('error', (error: NodeJS.ErrnoException) => {
      // A kept connection that the service had just closed says nothing.
      if (request.reusedSocket && error.code === 'ECONNRESET' && performance.now() - started < patienceMs)
        textOf({ host, port, bearer } as Target, agent, patienceMs).then(resolve, reject)
      else reject(error)
    })
  })
}

/** Reads the text format of Prometheus as far as cost goes. Throws where the service does not tell what it uses. */
export function parseMetrics(text: string): Reading {
  const value = (name: string) => {
    const found = Number(new RegExp(`^${name}(?:\\{\\})? (\\S+)`, 'm').exec(text)?.[1])
    if (Number.isFinite(found)) return found
    throw new Error(`/metrics has no ${name}, by which cost is measured`)
  }
  return {
    cpuSeconds: value('process_cpu_seconds_total'),
    residentBytes: value('process_resident_memory_bytes'),
    startedAt: value('process_start_time_seconds'),
    text,
  }
}

const samples = ({ text }: Reading) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))

export function countSeries(reading: Reading): number {
  return samples(reading).length
}

/** @returns the values of each label of each metric: `http_request_duration_seconds method` → GET, POST */
export function labelsOf(reading: Reading): ReadonlyMap<string, ReadonlySet<string>> {
  const labels = new Map<string, Set<string>>()
  for (const line of samples(reading)) {
    const name = /^[^{ ]*/.exec(line)![0]
    for (const [, label, given] of line.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      const key = `${name.replace(/_(bucket|sum|count)$/, '')} ${label}`
      labels.set(key, (labels.get(key) ?? new Set()).add(given!))
    }
  }
  return labels
}
