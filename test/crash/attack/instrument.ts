import { setTimeout as pause } from 'node:timers/promises'
import { type Gauge, openGauge, type Reading } from './gauge.ts'
import { openProber, type Prober } from './prober.ts'
import type { Target } from './target.ts'

/**
 * How long a service may go on working when nobody waits for it any more, in ms, before that is a failure of its own.
 */
const restMs = 180_000
/** As much processor time between two readings is rest, in seconds: what a collection of garbage or a timer takes. */
const restCpu = 0.005

/** What a piece of work has cost a service, less what it costs to look. */
export interface Cost {
  /** Undefined where the process did not live to tell. */
  readonly cpuSeconds: number | undefined
  readonly peakBytes: number
  /** What was wrong, each as a phrase: it ended, or went on for nobody. */
  readonly problems: readonly string[]
  /** Nothing more can be measured: it does not come back, or does not come to rest. */
  readonly over: boolean
}

/** Measures what work costs a service, one piece after the other. */
export interface Instrument {
  readonly gauge: Gauge
  readonly prober: Prober | undefined
  /** The latest reading, at rest. */
  last(): Reading
  measure(work: () => Promise<unknown>): Promise<Cost>
  close(): Promise<void>
}

export interface InstrumentOptions {
  /** Whether `/health` is asked all the time; what that costs is taken off. */
  readonly probes: boolean
  /**
   * How long a service that has ended may take to be back, in ms: what starts containers anew waits longer each time.
   * 30 s where nothing is said.
   */
  readonly backMs?: number
}

/**
 * @throws when `/metrics` does not tell what the process uses
 */
export async function openInstrument(target: Target, { probes, backMs = 30_000 }: InstrumentOptions): Promise<Instrument> {
  const gauge = openGauge(target)
  await gauge.find()
  let last = await gauge.read()
  const costs = { reading: await readingCost(gauge), probe: 0 }
  let prober: Prober | undefined
  /** What looking has cost so far. */
  const looking = async () => gauge.readings() * costs.reading + (prober ? (await prober.probes()) * costs.probe : 0)

  /** Waits until the service does nothing any more. Undefined where it has not come to that in time. */
  const rest = async (): Promise<Reading | undefined> => {
    const giveUp = performance.now() + restMs
    let before = await gauge.read()
    for (let wait = 5; performance.now() < giveUp; wait = Math.min(wait * 1.5, 250)) {
      const looked = await looking()
      await pause(wait)
      const after = await gauge.read()
      if (after.startedAt !== before.startedAt) throw new Error('it has been started anew')
      if (after.cpuSeconds - before.cpuSeconds - ((await looking()) - looked) < restCpu) return after
      before = after
    }
    return undefined
  }

  const back = async () => {
    for (const giveUp = performance.now() + backMs; performance.now() < giveUp; await pause(200)) {
      try {
        await gauge.find()
        last = (await rest()) ?? last
        return true
      } catch {
        // It is not there yet; that it never comes is what the result says.
      }
    }
    return false
  }

  if (probes) {
    prober = await openProber(target)
    const before = await gauge.read()
    await pause(3000)
    const after = await gauge.read()
    costs.probe = Math.max(0, after.cpuSeconds - before.cpuSeconds - costs.reading) / Math.max(1, await prober.probes())
  }
  last = (await rest()) ?? last

  return {
    gauge,
    prober,
    last: () => last,
    async measure(work) {
      const before = last
      const looked = await looking()
      gauge.beginPeak()
      await work()
      const ended = async (why: string): Promise<Cost> => ({
        cpuSeconds: undefined,
        peakBytes: gauge.peak(),
        problems: [`ended the service (${why})`],
        over: !(await back()),
      })
      try {
        const after = await rest()
        if (!after)
          return { cpuSeconds: undefined, peakBytes: gauge.peak(), problems: [`left it working for ${restMs / 1000} s`], over: true }
        if (after.startedAt !== before.startedAt) return await ended('it has been started anew')
        last = after
        const cpuSeconds = Math.max(0, after.cpuSeconds - before.cpuSeconds - ((await looking()) - looked))
        return { cpuSeconds, peakBytes: gauge.peak(), problems: [], over: false }
      } catch (error) {
        return await ended((error as Error).message)
      }
    },
    async close() {
      gauge.close()
      await prober?.close()
    },
  }
}

/** What one reading costs the service, in seconds of processor time. */
async function readingCost(gauge: Gauge): Promise<number> {
  const times = 20
  const first = await gauge.read()
  for (let index = 1; index < times; index++) await gauge.read()
  const { cpuSeconds } = await gauge.read()
  return (cpuSeconds - first.cpuSeconds) / times
}
