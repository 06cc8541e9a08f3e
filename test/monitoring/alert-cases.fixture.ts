import type { Config } from '../../config/config.ts'
import { burnAlerts } from '../../monitoring/alerts/budgets.ts'
import type { Alert } from '../../monitoring/rule-file.ts'

/** Series as promtool writes them (a value each 15 s, or each minute for error budgets), and when to look. */
export interface Scenario {
  readonly series: Readonly<Record<string, string>>
  readonly at: string
}

/** What makes an alert fire, and what comes as near to that as can be and leaves it silent. */
export interface Case {
  readonly firing: Scenario
  readonly silent: Scenario
}

const mebibyte = 1024 * 1024

/** The case of an alert; undefined for one that nobody has written a case for. */
export function caseOf(alert: Alert, config: Config): Case | undefined {
  const { service = '', window } = alert.labels
  const [first] = config.services
  const job = service.startsWith('{{') ? first!.name : service
  const measuring = (measure: 'predictions' | 'ingestion') => config.services.find(({ measures }) => measures.includes(measure))?.name
  if (alert.alert.endsWith('ServiceDown') && alert.alert !== 'ServiceDown') return held({ [`up{job="${job}"}`]: '0x60' }, '2m', '1m55s')
  if (alert.alert === 'ErrorBudgetBurn') return burn(window!, first!.name, 1 - first!.slo!.availability)
  const cases: Record<string, () => Case> = {
    ServiceDown: () => held({ [`up{job="${job}"}`]: '0x60' }, '1m', '55s'),
    HighResponseTime: () => {
      const labels = `job="${job}", method="POST", route="/predict", code="200"`
      return quantile(`http_request_duration_seconds_bucket{${labels}`, [1, 2.5], 94, 96, '12m')
    },
    EventLoopSlow: () => gauge(`nodejs_eventloop_lag_p99_seconds{job="${job}"}`, 0.251, 0.25, '5m30s'),
    ServiceRestarting: () => {
      const started = `process_start_time_seconds{job="${job}"}`
      return { firing: { series: { [started]: '1 2 3 4x20' }, at: '1m' }, silent: { series: { [started]: '1 2 3 3x20' }, at: '1m' } }
    },
    ServiceMemoryHigh: () => {
      const limit = 0.9 * config.services.find(({ name }) => name === job)!.memoryMiB * mebibyte
      return gauge(`process_resident_memory_bytes{job="${job}"}`, limit + 1, limit, '5m30s')
    },
    LowIngestionRate: () => counter(`data_ingestion_total{job="${measuring('ingestion')}"}`, 0.135, 0.165, '16m'),
    LargeDataSize: () => quantile(`data_size_bytes_bucket{job="${measuring('ingestion')}"`, [262_144, 1_048_576], 84, 86, '12m'),
    ModelSlow: () => quantile(`ml_prediction_duration_seconds_bucket{job="${measuring('predictions')}"`, [0.5, 1], 94, 96, '12m'),
    ModelOverloaded: () => failing(`ml_rejected_requests_total{job="${measuring('predictions')}", reason="queue_full"}`),
    FeatureDrift: () => gauge(`ml_feature_psi{job="${measuring('predictions')}", feature="age"}`, 0.26, 0.25, '15m30s'),
    PredictionDrift: () => gauge(`ml_prediction_psi{job="${measuring('predictions')}"}`, 0.26, 0.25, '15m30s'),
    HostCpuBusy: () => counter('node_cpu_seconds_total{instance="a", cpu="0", mode="idle"}', 1.47, 1.53, '22m'),
    HostMemoryLow: () => share('node_memory_MemAvailable_bytes{instance="a"}', 'node_memory_MemTotal_bytes{instance="a"}', 99, 100),
    HostDiskFilling: () => disk(149, 150),
    HostDiskFull: () => disk(49, 50),
    TargetDown: () => held({ 'up{job="alertmanager"}': '0x60' }, '2m', '1m55s'),
    RuleEvaluationFailing: () => failing('prometheus_rule_evaluation_failures_total{rule_group="a"}'),
    AlertsNotSent: () => failing('prometheus_notifications_errors_total{alertmanager="a"}'),
    AlertDeliveryFailing: () => failing('alertmanager_notifications_failed_total{integration="webhook"}'),
    DeployInProgress: () => held({ 'release:launched:timestamp_seconds{release="7"}': '0x60' }, '2m55s', '3m'),
  }
  return cases[alert.alert]?.()
}

/** The same series, at two times. */
function held(series: Record<string, string>, firing: string, silent: string): Case {
  return { firing: { series, at: firing }, silent: { series, at: silent } }
}

function gauge(name: string, firing: number, silent: number, at: string): Case {
  return { firing: { series: { [name]: `${firing}x300` }, at }, silent: { series: { [name]: `${silent}x300` }, at } }
}

/** A counter that grows by so much every 15 s. */
function counter(name: string, firing: number, silent: number, at: string): Case {
  return { firing: { series: { [name]: `0+${firing}x300` }, at }, silent: { series: { [name]: `0+${silent}x300` }, at } }
}

/** A histogram, 100 observations every 15 s: so many in the lower of two buckets. `name` lacks its `le` and its end. */
function quantile(name: string, [lower, upper]: [number, number], firing: number, silent: number, at: string): Case {
  const scenario = (below: number): Scenario => ({
    series: {
      [`${name}, le="${lower}"}`]: `0+${below}x300`,
      [`${name}, le="${upper}"}`]: '0+100x300',
      [`${name}, le="+Inf"}`]: '0+100x300',
    },
    at,
  })
  return { firing: scenario(firing), silent: scenario(silent) }
}

function share(part: string, whole: string, firing: number, silent: number): Case {
  const scenario = (value: number): Scenario => ({ series: { [part]: `${value}x300`, [whole]: '1000x300' }, at: '5m30s' })
  return { firing: scenario(firing), silent: scenario(silent) }
}

function disk(firing: number, silent: number): Case {
  const labels = '{instance="a", mountpoint="/"}'
  return share(`node_filesystem_avail_bytes${labels}`, `node_filesystem_size_bytes${labels}`, firing, silent)
}

/** Failures that go on, and one that does not come again. */
function failing(name: string): Case {
  return { firing: { series: { [name]: '0+1x300' }, at: '12m' }, silent: { series: { [name]: '0 1x300' }, at: '5m30s' } }
}

/** A thousand requests a minute of which slightly more, or slightly less, fail than the window's factor allows. */
function burn(window: string, job: string, budget: number): Case {
  const { factor, for: hold } = burnAlerts.find(({ long }) => long === window)!
  const most = 1000 * factor * budget
  const at = { '2m': '20m', '15m': '30m', '1h': '80m', '3h': '200m' }[hold]!
  return { firing: { series: requests(job, 1000, most * 1.02), at }, silent: { series: requests(job, 1000, most * 0.98), at } }
}

/** Requests of a service, so many a minute, with so many that fail. Values are a minute apart. */
export function requests(job: string, all: number, failed: number): Record<string, string> {
  const series = (code: number) => `http_request_duration_seconds_count{job="${job}", method="POST", route="/x", code="${code}"}`
  return { [series(200)]: `0+${all - failed}x240`, [series(500)]: `0+${failed}x240` }
}
