import type { Config } from '../../config/config.ts'
import { measuring } from '../measuring.ts'
import { alert, type RuleGroup } from '../rule-file.ts'

/** The alerts of services that answer predictions; undefined when there is none. */
export function modelAlerts(config: Config): RuleGroup | undefined {
  const jobs = measuring(config, 'predictions')
  if (!jobs) return undefined
  return {
    name: 'model',
    rules: [
      alert(
        config,
        'ModelSlow',
        `histogram_quantile(0.95, sum by (job, le) (rate(ml_prediction_duration_seconds_bucket{${jobs}}[5m]))) > 0.5`,
        '5m',
        {
          severity: 'warning',
          service: '{{ $labels.job }}',
          summary: 'The model of {{ $labels.job }} is slow',
          description: '5 of 100 predictions of {{ $labels.job }} have taken longer than {{ $value | humanizeDuration }} for 5 minutes.',
        },
      ),
    ],
  }
}
