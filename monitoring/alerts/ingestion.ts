import type { Config } from '../../config/config.ts'
import { measuring } from '../measuring.ts'
import { alert, type RuleGroup } from '../rule-file.ts'

/** Three quarters of the mebibyte that a request may have by default: records that grow further are refused. */
export const largeBytes = 0.75 * 1024 * 1024

/** The alerts of services that keep records; undefined when there is none. */
export function ingestionAlerts(config: Config): RuleGroup | undefined {
  const jobs = measuring(config, 'ingestion')
  if (!jobs) return undefined
  return {
    name: 'ingestion',
    rules: [
      alert(config, 'LowIngestionRate', `sum by (job) (rate(data_ingestion_total{${jobs}}[5m])) < 0.01`, '10m', {
        severity: 'info',
        service: '{{ $labels.job }}',
        summary: '{{ $labels.job }} gets almost no data',
        description: '{{ $labels.job }} has kept less than one record in 100 seconds for 10 minutes.',
      }),
      alert(
        config,
        'LargeDataSize',
        `histogram_quantile(0.95, sum by (job, le) (rate(data_size_bytes_bucket{${jobs}}[5m]))) > ${largeBytes}`,
        '5m',
        {
          severity: 'warning',
          service: '{{ $labels.job }}',
          summary: '{{ $labels.job }} gets large records',
          description: '5 of 100 records sent to {{ $labels.job }} have been larger than {{ $value | humanize1024 }}B for 5 minutes.',
        },
      ),
    ],
  }
}
