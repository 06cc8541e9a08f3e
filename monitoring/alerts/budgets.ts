import type { Config } from '../../config/config.ts'
import { duration, slowSeconds } from '../intervals.ts'
import { burnRate, failedWithin, promising, type Window } from '../objectives.ts'
import { alert, type RuleGroup, type Severity } from '../rule-file.ts'

/** One way to burn a budget: so many times too fast over the long window, and still doing so in the short one. */
export interface BurnAlert {
  readonly long: Window
  readonly short: Window
  readonly factor: number
  readonly for: string
  readonly severity: Severity
}

/**
 * The four windows of Google's SRE Workbook (Alerting on SLOs): 2 %, 5 %, 10 % and 10 % of a month's budget are gone by
 * then.
 */
export const burnAlerts: readonly BurnAlert[] = [
  { long: '1h', short: '5m', factor: 14.4, for: '2m', severity: 'critical' },
  { long: '6h', short: '30m', factor: 6, for: '15m', severity: 'critical' },
  { long: '1d', short: '2h', factor: 3, for: '1h', severity: 'warning' },
  { long: '3d', short: '6h', factor: 1, for: '3h', severity: 'warning' },
]

/** Fewer failed requests than this wake nobody: one failure among three requests at night is no incident. */
export const fewestFailures = 10

/**
 * The alerts on error budgets, for every service and objective at once. Without requests there is no burn rate, and so
 * no alert: that a service is gone is `ServiceDown`'s to say.
 */
export function budgetAlerts(config: Config): RuleGroup | undefined {
  if (promising(config).length === 0) return undefined
  return {
    name: 'budgets',
    interval: duration(slowSeconds(config)),
    rules: burnAlerts.map(({ long, short, factor, for: hold, severity }) => {
      const conditions = [
        `${burnRate(long)} > ${factor}`,
        `${burnRate(short)} > ${factor}`,
        `${failedWithin(config, long)} >= ${fewestFailures}`,
      ]
      return alert(config, 'ErrorBudgetBurn', conditions.join(' and '), hold, {
        severity,
        service: '{{ $labels.job }}',
        labels: { window: long },
        summary: '{{ $labels.job }} is using up its error budget for {{ $labels.slo }}',
        description: `For ${long}, and still in the last ${short}, {{ $labels.job }} has failed its objective for {{ $labels.slo }} {{ $value | printf "%.1f" }} times as often as it may.`,
      })
    }),
  }
}
