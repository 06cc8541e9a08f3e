import type { Config } from '../config/config.ts'
import { anyOf, quoted } from './expression.ts'
import type { RuleGroup } from './rule-file.ts'

/** The histogram that every service on `services/kit` exports; any other service is welcome to. */
const histogram = 'http_request_duration_seconds'

/** Routes that answer machines: load balancers, Prometheus, and the health checks of the Open Inference Protocol. */
const machineRoutes = ['/metrics', '/health', '/ready', '/v2/health/live', '/v2/health/ready']

/** A label matcher that leaves out health checks and scrapes: they are requests as well, but not a user's. */
export function fromUsers(config: Config): string {
  const routes = new Set([...machineRoutes, ...config.services.map(({ health }) => health)])
  return `route!~${quoted(anyOf([...routes]))}`
}

/** PromQL: how fast one of the series of the request histogram grows, in each of the groups that `by` names. */
export function requestRate(part: 'count' | 'sum' | 'bucket', labels: string, by = 'job', window = '5m'): string {
  return `sum by (${by}) (rate(${histogram}_${part}{${labels}}[${window}]))`
}

/**
 * PromQL: the share of requests that failed. A service without any failed request has no series for them: that is a
 * share of 0.
 */
export function errorRatio(labels: string, by = 'job', window = '5m'): string {
  const all = requestRate('count', labels, by, window)
  const failed = requestRate('count', `${labels}, code=~"5.."`, by, window)
  return `(${failed} or 0 * ${all}) / ${all}`
}

/** PromQL: the time within which a share of the requests was answered, in seconds. */
export function requestQuantile(share: number, labels: string, by = 'job', window = '5m'): string {
  return `histogram_quantile(${share}, ${requestRate('bucket', labels, `${by}, le`, window)})`
}

/** What every service did in the last five minutes: rate, errors, duration. */
export function requestRecordings(config: Config): RuleGroup {
  const users = fromUsers(config)
  return {
    name: 'requests',
    rules: [
      { record: 'job:http_requests:rate5m', expr: requestRate('count', users) },
      { record: 'job:http_request_errors:ratio_rate5m', expr: errorRatio(users) },
      { record: 'job:http_request_duration_seconds:p95_rate5m', expr: requestQuantile(0.95, users) },
    ],
  }
}
