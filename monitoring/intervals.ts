import type { Config } from '../config/config.ts'
import { secondsOf } from '../config/schema/durations.ts'

/** How many scrapes lie between two evaluations of what looks at hours and days, and changes no faster. */
const slowness = 12

/** Seconds between two scrapes of a target. */
export function scrapeSeconds(config: Config): number {
  return secondsOf(config.monitoring.scrapeInterval)!
}

/** Seconds between two evaluations of rules over hours and days: a minute, when the scrape interval is 5 s. */
export function slowSeconds(config: Config): number {
  return scrapeSeconds(config) * slowness
}

/** The days over which error budgets are counted: as many as are kept, and 30 at most. */
export function budgetDays(config: Config): number {
  return Math.min(30, Math.max(1, Math.floor(secondsOf(config.monitoring.retention)! / 86_400)))
}

/** Seconds as Prometheus writes them, which knows no fractions: `60s`, `500ms`. */
export function duration(seconds: number): string {
  return Number.isInteger(seconds) ? `${seconds}s` : `${Math.round(seconds * 1000)}ms`
}
