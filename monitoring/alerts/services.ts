import type { Config, Service } from '../../config/config.ts'
import { anyOf, quoted } from '../expression.ts'
import { type Alert, alert, type RuleGroup } from '../rule-file.ts'

/** A mebibyte in bytes. */
const mebibyte = 1024 * 1024

/** The alerts of every service: whether it is there, answers in time, and has what it needs to go on. */
export function serviceAlerts(config: Config): RuleGroup {
  const jobs = `job=~${quoted(anyOf(config.services.map(({ name }) => name)))}`
  return {
    name: 'services',
    rules: [
      ...config.services.flatMap((service) => down(config, service)),
      alert(config, 'HighResponseTime', `job:http_request_duration_seconds:p95_rate5m{${jobs}} > 1`, '5m', {
        severity: 'warning',
        service: '{{ $labels.job }}',
        summary: '{{ $labels.job }} answers slowly',
        description: '5 of 100 requests to {{ $labels.job }} have taken longer than {{ $value | humanizeDuration }} for 5 minutes.',
      }),
      alert(config, 'EventLoopSlow', `nodejs_eventloop_lag_p99_seconds{${jobs}} > 0.25`, '5m', {
        severity: 'warning',
        service: '{{ $labels.job }}',
        summary: 'The event loop of {{ $labels.job }} is blocked',
        description: '{{ $labels.job }} has let requests wait {{ $value | humanizeDuration }} for its event loop for 5 minutes.',
      }),
      alert(config, 'ServiceRestarting', `changes(process_start_time_seconds{${jobs}}[15m]) >= 3`, '0s', {
        severity: 'warning',
        service: '{{ $labels.job }}',
        summary: '{{ $labels.job }} keeps restarting',
        description: '{{ $labels.job }} was started {{ $value }} times within 15 minutes: it ends by itself or runs out of memory.',
      }),
      ...config.services.map((service) => memory(config, service)),
    ],
  }
}

/** It is down when its scrape fails, and also when there is no scrape of it at all. */
function down(config: Config, { name, port }: Service): Alert[] {
  const expr = `up{job="${name}"} == 0 or absent(up{job="${name}"})`
  const summary = `${name} is down`
  return [
    alert(config, 'ServiceDown', expr, '1m', {
      severity: 'critical',
      service: name,
      summary,
      description: `Prometheus has not been able to scrape ${name} on port ${port} for 1 minute.`,
    }),
    // The same with patience and a name of its own, for whoever routes alerts by their names.
    alert(config, `${pascal(name)}ServiceDown`, expr, '2m', {
      severity: 'critical',
      service: name,
      summary,
      description: `${name} on port ${port} has been down for more than 2 minutes.`,
      runbook: 'ServiceDown',
    }),
  ]
}

function memory(config: Config, { name, memoryMiB }: Service): Alert {
  const limit = memoryMiB * mebibyte
  return alert(config, 'ServiceMemoryHigh', `process_resident_memory_bytes{job="${name}"} > ${0.9 * limit}`, '5m', {
    severity: 'warning',
    service: name,
    summary: `${name} is about to run out of memory`,
    description: `${name} has used {{ $value | humanize1024 }}B of its ${memoryMiB} MiB for 5 minutes. At its limit it is killed.`,
  })
}

/** Words that are written in capitals. */
const initialisms = ['ml', 'ai', 'api', 'etl', 'llm', 'nlp', 'ocr', 'db']

/** `ml-inference` → `MLInference` */
export function pascal(name: string): string {
  const words = name.split('-').map((word) => (initialisms.includes(word) ? word.toUpperCase() : word[0]!.toUpperCase() + word.slice(1)))
  return words.join('')
}
