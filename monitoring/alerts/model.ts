import type { Config } from '../../config/config.ts'
import { measuring } from '../measuring.ts'
import { alert, type RuleGroup } from '../rule-file.ts'

/**
 * From here on, as practice has it, a population stability index says that this is another population than the
 * training's.
 */
export const driftIndex = 0.25

/** The alerts of services that answer predictions; undefined when there is none. */
export function modelAlerts(config: Config): RuleGroup | undefined {
  const jobs = measuring(config, 'predictions')
  if (!jobs) return undefined
  const slow = `histogram_quantile(0.95, sum by (job, le) (rate(ml_prediction_duration_seconds_bucket{${jobs}}[5m]))) > 0.5`
  const overloaded = `sum by (job) (rate(ml_rejected_requests_total{${jobs}, reason="queue_full"}[5m])) > 0`
  return {
    name: 'model',
    rules: [
      alert(config, 'ModelSlow', slow, '5m', {
        severity: 'warning',
        service: '{{ $labels.job }}',
        summary: 'The model of {{ $labels.job }} is slow',
        description: '5 of 100 predictions of {{ $labels.job }} have taken longer than {{ $value | humanizeDuration }} for 5 minutes.',
      }),
      alert(config, 'ModelOverloaded', overloaded, '5m', {
        severity: 'warning',
        service: '{{ $labels.job }}',
        summary: '{{ $labels.job }} refuses predictions',
        description: '{{ $labels.job }} has refused {{ $value | humanize }} requests a second for 5 minutes because its queue is full.',
      }),
      alert(config, 'FeatureDrift', `max by (job, feature) (ml_feature_psi{${jobs}}) > ${driftIndex}`, '15m', {
        severity: 'warning',
        service: '{{ $labels.job }}',
        summary: 'The feature {{ $labels.feature }} of {{ $labels.job }} has drifted',
        description:
          'For 15 minutes, the values of {{ $labels.feature }} have had a population stability index of {{ $value | printf "%.2f" }} against the training.',
        runbook: 'ModelDrift',
      }),
      alert(config, 'PredictionDrift', `max by (job) (ml_prediction_psi{${jobs}}) > ${driftIndex}`, '15m', {
        severity: 'warning',
        service: '{{ $labels.job }}',
        summary: 'The predictions of {{ $labels.job }} have drifted',
        description:
          'For 15 minutes, the predictions of {{ $labels.job }} have had a population stability index of {{ $value | printf "%.2f" }} against the training.',
        runbook: 'ModelDrift',
      }),
    ],
  }
}
