import type { Config } from '../../config/config.ts'
import { measuring } from '../measuring.ts'
import { chosen, lines, type Row, units } from './panel.ts'

/** What the model answers, and how; undefined when no service predicts. */
export function modelRow(config: Config): Row | undefined {
  if (!measuring(config, 'predictions')) return undefined
  const quantile = (share: number) =>
    `histogram_quantile(${share}, sum by (job, le) (rate(ml_prediction_duration_seconds_bucket{${chosen}}[$__rate_interval])))`
  return {
    title: 'Model',
    panels: [
      lines({ title: 'Predictions', description: 'Predictions a second.', unit: units.OpsPerSecond }, [
        { expr: `sum by (job) (rate(ml_predictions_total{${chosen}}[$__rate_interval]))` },
      ]),
      lines(
        {
          title: 'Prediction latency',
          description: 'The time within which the model gave 50, 95 and 99 of 100 predictions.',
          unit: units.Seconds,
        },
        [0.5, 0.95, 0.99].map((share) => ({ expr: quantile(share), legend: `{{job}} p${share * 100}` })),
      ),
    ],
  }
}
