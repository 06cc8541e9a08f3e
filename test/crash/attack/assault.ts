import { bounds, bytesOf, cpuPerKB, judge, judgeLabels, type Limits, type Measured } from './bounds.ts'
import type { Attempt } from './case.ts'
import { exchange, type Outcome } from './exchange.ts'
import { families } from './families/index.ts'
import { countSeries } from './gauge.ts'
import { type Instrument, openInstrument } from './instrument.ts'
import { type Planned, planCases } from './plan.ts'
import type { Latencies } from './prober.ts'
import type { Target } from './target.ts'

/** What is to be tried. */
export interface Orders extends Limits {
  readonly seed: number
  /** Of the cases, from 0. */
  readonly numbers: readonly number[]
  /** Whether `/health` is asked all the time. */
  readonly probes: boolean
  /** No case begins later than so many ms after the first. */
  readonly withinMs: number
  /** Is told when a family has been tried, and when a case was not as it should be. */
  readonly emit?: (line: string) => void
}

/** What came of a case. */
export interface CaseResult {
  readonly number: number
  readonly about: string
  readonly bytes: number
  readonly cpuSeconds: number | undefined
  readonly cpuMsPerKB: number
  readonly peakBytes: number
  /** How much more memory it took than there was at rest, for each byte. */
  readonly peakPerByte: number
  /** How often each status came; `cut` for connections that ended without one. */
  readonly statuses: Readonly<Record<string, number>>
  readonly problems: readonly string[]
}

export interface FamilyResult {
  readonly name: string
  readonly cases: readonly CaseResult[]
  /** Cases that were not tried, because of what had come of others or of the time. */
  readonly untried: number
  readonly health: Latencies | undefined
  readonly noise: Latencies | undefined
  /** What is not as it should be with all of them together. */
  readonly problems: readonly string[]
}

export interface ServiceResult {
  readonly name: string
  readonly url: string
  /** What `/health` and the bare server took before the attack. */
  readonly rest: { readonly health: Latencies; readonly noise: Latencies } | undefined
  readonly restBytes: number
  /** Whether memory between two readings was seen as well. */
  readonly exact: boolean
  readonly series: readonly [before: number, after: number]
  readonly families: readonly FamilyResult[]
}

/** So many failed cases say enough of a family. */
const enough = 5
/**
 * A case that costs too much is tried so often in all: a collection of garbage may fall into any of them, but not into
 * each.
 */
const tries = 5

/**
 * Attacks a service, one case after the other, and measures what each costs.
 *
 * @throws when the service does not show at `/metrics` what it uses
 */
export async function assault(target: Target, orders: Orders): Promise<ServiceResult> {
  const { seed, numbers, probes, emit = () => {} } = orders
  const instrument = await openInstrument(target, { probes })
  try {
    const begun = instrument.last()
    const rest = await instrument.prober?.take()
    const planned = planCases(families, seed, numbers)
    instrument.gauge.waited()
    const giveUp = performance.now() + orders.withinMs
    const results: FamilyResult[] = []
    let over = false
    for (const family of families) {
      const own = planned.filter((one) => one.family === family)
      if (own.length === 0) continue
      const cases: CaseResult[] = []
      for (const one of own) {
        const failed = cases.filter(({ problems }) => problems.length > 0).length
        if (over || failed >= enough || performance.now() > giveUp) break
        const [result, ended] = await tryCase(target, instrument, one, orders)
        cases.push(result)
        over = ended
        if (result.problems.length > 0) emit(`${target.name} ${family.name} #${one.number}: ${result.about}: ${result.problems.join('; ')}`)
      }
      const { health, noise } = (await instrument.prober?.take()) ?? {}
      const waited = instrument.gauge.waited()
      const others = waited === undefined ? '' : `; other programs had its processor for ${(waited * 100).toFixed(0)} % of the time`
      const isSlow = health && noise && health.p99 - noise.p99 > bounds.healthMs
      const problems = [
        ...(isSlow ? [`/health took ${health.p99.toFixed(0)} ms (p99)${others}`] : []),
        ...judgeLabels(begun, instrument.last()),
      ]
      results.push({ name: family.name, cases, untried: own.length - cases.length, health, noise, problems })
      emit(`${target.name} ${family.name}: ${cases.length} cases${problems.map((problem) => `; ${problem}`).join('')}`)
    }
    const { name, url } = target
    const series = [countSeries(begun), countSeries(instrument.last())] as const
    return { name, url, rest, restBytes: begun.residentBytes, exact: instrument.gauge.exact(), series, families: results }
  } finally {
    await instrument.close()
  }
}

/**
 * Tries one case, again where it costs too much.
 *
 * @returns what came of it, and whether nothing more can be tried
 */
export async function tryCase(
  target: Target,
  instrument: Instrument,
  planned: Pick<Planned, 'number' | 'make'>,
  limits: Limits,
): Promise<[CaseResult, boolean]> {
  const attempt = planned.make(target)
  const atRest = instrument.last().residentBytes
  let best: Measured | undefined
  for (let attempts = 1; ; attempts++) {
    let outcomes: readonly Outcome[] = []
    const cost = await instrument.measure(async () => {
      outcomes = await Promise.all(attempt.connections.map((connection) => exchange(target, connection)))
    })
    const measured = { outcomes, ...cost }
    if (best?.cpuSeconds === undefined || (cost.cpuSeconds !== undefined && cost.cpuSeconds < best.cpuSeconds)) best = measured
    const again = cpuPerKB(attempt, best) > limits.cpuMsPerKB && cost.problems.length === 0 && attempts < tries
    if (again) continue
    const problems = [...cost.problems, ...judge(attempt, best, limits)]
    return [{ ...resultOf(planned, attempt, best, atRest), problems }, cost.over]
  }
}

function resultOf({ number }: Pick<Planned, 'number'>, attempt: Attempt, measured: Measured, atRest: number): Omit<CaseResult, 'problems'> {
  const { outcomes, cpuSeconds, peakBytes } = measured
  const bytes = bytesOf(attempt, outcomes)
  const statuses: Record<string, number> = {}
  for (const outcome of outcomes)
    for (const status of outcome.statuses.length > 0 ? outcome.statuses : ['cut']) statuses[status] = (statuses[status] ?? 0) + 1
  return {
    number,
    about: attempt.about,
    bytes,
    cpuSeconds,
    cpuMsPerKB: cpuPerKB(attempt, measured),
    peakBytes,
    peakPerByte: Math.max(0, peakBytes - atRest) / Math.max(1, bytes),
    statuses,
  }
}
