import type { Config, Service } from '../config/config.ts'
import { anyOf, quoted } from './expression.ts'
import { budgetDays, duration, slowSeconds } from './intervals.ts'
import { fromUsers, requestRate } from './requests.ts'
import type { Recording, RuleGroup } from './rule-file.ts'

/** A service with objectives. */
type Promising = Service & { readonly slo: NonNullable<Service['slo']> }

/** The windows that burn rates are recorded for: the long and the short ones of every alert. */
const windows = ['5m', '30m', '1h', '2h', '6h', '1d', '3d'] as const

export type Window = (typeof windows)[number]

/** The services of a config that have objectives. */
export function promising(config: Config): Promising[] {
  return config.services.filter((service): service is Promising => service.slo !== undefined)
}

/** The recorded series that says how fast a budget burns: 1 uses it up exactly when its time is over. */
export function burnRate(window: Window): string {
  return `job:slo_burn:rate${window}`
}

/** PromQL: about how many requests failed an objective within a window. */
export function failedWithin(config: Config, window: Window): string {
  return `sum_over_time(job:slo_errors:rate5m[${window}]) * ${slowSeconds(config)}`
}

/**
 * What is promised, what is kept of it, and how fast the error budget burns, for each service and each objective
 * (`slo="availability"`, `slo="latency"`). Long windows add up five-minute rates that were recorded before, so that
 * three days cost as little as an hour.
 *
 * @returns undefined when no service promises anything
 */
export function objectiveRecordings(config: Config): RuleGroup | undefined {
  const services = promising(config)
  if (services.length === 0) return undefined
  return {
    name: 'objectives',
    interval: duration(slowSeconds(config)),
    rules: [
      ...services.flatMap(promises),
      ...availability(config, services),
      ...latency(config, services),
      ...windows.map((window): Recording => ({ record: burnRate(window), expr: burn(window) })),
      { record: 'job:slo_budget_left:ratio', expr: `1 - ${burn(`${budgetDays(config)}d`)} or 0 * job:slo_objective:ratio + 1` },
    ],
  }
}

function promises({ name, slo }: Promising): Recording[] {
  const promise = (objective: string, share: number): Recording => ({
    record: 'job:slo_objective:ratio',
    expr: `vector(${share})`,
    labels: { job: name, slo: objective },
  })
  return [promise('availability', slo.availability), promise('latency', slo.latency.p)]
}

/** A request keeps the promise of availability when it does not fail with a 5xx status. */
function availability(config: Config, services: readonly Promising[]): Recording[] {
  const requests = `job=~${quoted(anyOf(services.map(({ name }) => name)))}, ${fromUsers(config)}`
  const all = requestRate('count', requests)
  const failed = requestRate('count', `${requests}, code=~"5.."`)
  return recordings('availability', all, `${failed} or 0 * ${all}`)
}

/** A request keeps the promise of latency when it is answered in time; one that failed is availability's. */
function latency(config: Config, services: readonly Promising[]): Recording[] {
  const answered = `${fromUsers(config)}, code!~"5.."`
  const requests = `job=~${quoted(anyOf(services.map(({ name }) => name)))}, ${answered}`
  const slow = [...Map.groupBy(services, ({ slo }) => slo.latency.seconds)].map(([seconds, group]) => {
    const same = `job=~${quoted(anyOf(group.map(({ name }) => name)))}, ${answered}`
    return `(${requestRate('count', same)} - ${requestRate('bucket', `${same}, le=~${quoted(bound(seconds))}`)})`
  })
  return recordings('latency', requestRate('count', requests), slow.join(' or '))
}

function recordings(objective: string, requests: string, errors: string): Recording[] {
  const labels = { slo: objective }
  return [
    { record: 'job:slo_requests:rate5m', expr: requests, labels },
    { record: 'job:slo_errors:rate5m', expr: errors, labels },
  ]
}

/** The `le` label of a bucket: from version 3 on, Prometheus writes whole numbers as `1.0`, whatever was exported. */
function bound(seconds: number): string {
  return Number.isInteger(seconds) ? `${seconds}(\\.0)?` : anyOf([String(seconds)])
}

/** PromQL: the share of failed requests, as a multiple of the share that may fail. Nothing at all without requests. */
function burn(window: string): string {
  const errors = `sum_over_time(job:slo_errors:rate5m[${window}])`
  const requests = `(sum_over_time(job:slo_requests:rate5m[${window}]) > 0)`
  return `${errors} / ${requests} / (1 - job:slo_objective:ratio)`
}
