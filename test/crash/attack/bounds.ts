import type { Attempt } from './case.ts'
import type { Outcome } from './exchange.ts'
import { labelsOf, type Reading } from './gauge.ts'

/** What a service may cost, whatever it is sent. */
export const bounds = {
  /** Processor time for 1,000 bytes received, in ms. */
  cpuMsPerKB: 50,
  /** Less than this counts as this, in kB: a case of a hundred bytes also costs what every connection costs. */
  leastKB: 1,
  /** What 99 of 100 answers of `/health` take at most longer than those of a bare server at the same time, in ms. */
  healthMs: 100,
  /**
   * How many values a label of `/metrics` may get that it did not have at the beginning: statuses and methods that
   * nobody had used before.
   */
  labelValues: 16,
}

/** What differs between the services and the machines that are looked at. */
export interface Limits {
  /** The limit of the service's container. */
  readonly memoryMiB: number
  /** Processor time for 1,000 bytes received, in ms. */
  readonly cpuMsPerKB: number
}

/** What a case came to. */
export interface Measured {
  readonly outcomes: readonly Outcome[]
  /** Undefined where the process did not live to tell. */
  readonly cpuSeconds: number | undefined
  readonly peakBytes: number
}

/**
 * What a client that takes nothing of a long answer has been sent all the same: as much as fits into the buffers
 * between the two, in bytes.
 */
const buffered = 64 * 1024

/** Bytes that a case's cost is held against: what the service received and, where data was asked for, what it sent. */
export function bytesOf(attempt: Attempt, outcomes: readonly Outcome[]): number {
  return outcomes.reduce((sum, { sent, received }, index) => {
    const { asks, deaf } = attempt.connections[index]!
    return sum + sent + (asks ? Math.max(received, deaf ? buffered : 0) : 0)
  }, 0)
}

/** @returns ms of processor time for each kB */
export function cpuPerKB(attempt: Attempt, { outcomes, cpuSeconds = Number.NaN }: Measured): number {
  return (cpuSeconds * 1000) / Math.max(bounds.leastKB, bytesOf(attempt, outcomes) / 1000)
}

/** What of a case is not as it should be, each as a phrase. */
export function judge(attempt: Attempt, measured: Measured, { memoryMiB, cpuMsPerKB }: Limits): string[] {
  const { outcomes, peakBytes } = measured
  const statuses = outcomes.flatMap((outcome) => outcome.statuses)
  const wrong = statuses.find((status) => status >= 500 && status !== 503)
  const taken = statuses.find((status) => status < 400)
  const unanswered = outcomes.filter(({ statuses, end }, index) => {
    const { leave, garbled, deaf } = attempt.connections[index]!
    return statuses.length === 0 && end !== 'left' && leave === undefined && !garbled && !deaf
  })
  const cost = cpuPerKB(attempt, measured)
  return [
    ...(wrong === undefined ? [] : [`was answered with ${wrong}`]),
    ...(attempt.refuse !== undefined && taken !== undefined ? [`was answered with ${taken}, though ${attempt.refuse}`] : []),
    ...(unanswered.length === 0 ? [] : [`${unanswered.length} of ${outcomes.length} requests got no answer (${unanswered[0]!.end})`]),
    ...(cost > cpuMsPerKB ? [`cost ${cost.toFixed(0)} ms of processor time for each kB`] : []),
    ...(peakBytes > memoryMiB * 2 ** 20 ? [`took ${(peakBytes / 2 ** 20).toFixed(0)} MiB of memory`] : []),
  ]
}

/** Which labels of `/metrics` have grown too much, each as a phrase. */
export function judgeLabels(before: Reading, after: Reading): string[] {
  const known = labelsOf(before)
  return [...labelsOf(after)].flatMap(([label, values]) => {
    const fresh = [...values].filter((value) => !known.get(label)?.has(value))
    return fresh.length > bounds.labelValues ? [`${fresh.length} new values of ${label} in /metrics`] : []
  })
}
