import type { Config } from '../../config/config.ts'
import { driftIndex } from '../alerts/model.ts'
import { measuring } from '../measuring.ts'
import { chosen, lines, type Row, units } from './panel.ts'

/**
 * What the model answers, how, and whether it still sees what it was trained for; undefined when no service predicts.
 */
export function modelRow(config: Config): Row | undefined {
  if (!measuring(config, 'predictions')) return undefined
  const rate = (metric: string, by: string) => `sum by (${by}) (rate(${metric}{${chosen}}[$__rate_interval]))`
  const quantile = (share: number, metric: string) => `histogram_quantile(${share}, ${rate(`${metric}_bucket`, 'job, le')})`
  const quantiles = (metric: string, ...shares: number[]) =>
    shares.map((share) => ({ expr: quantile(share, metric), legend: `{{job}} p${share * 100}` }))
  return {
    title: 'Model',
    panels: [
      lines({ title: 'Predictions', description: 'Predictions a second, by model and version.', unit: units.OpsPerSecond }, [
        { expr: rate('ml_predictions_total', 'job, model, version'), legend: '{{job}} {{model}} {{version}}' },
      ]),
      lines(
        {
          title: 'Prediction latency',
          description: 'The time within which 50, 95 and 99 of 100 requests got through the queue and the model.',
          unit: units.Seconds,
        },
        quantiles('ml_prediction_duration_seconds', 0.5, 0.95, 0.99),
      ),
      lines(
        { title: 'Batch size', description: 'How many rows 50 and 95 of 100 batches had at most.', unit: units.Short },
        quantiles('ml_batch_rows', 0.5, 0.95),
      ),
      lines(
        {
          title: 'Latency by batch size',
          description: 'The time within which the model answered 95 of 100 batches, by how many rows they had.',
          unit: units.Seconds,
        },
        [
          {
            expr: `histogram_quantile(0.95, ${rate('ml_batch_duration_seconds_bucket', 'job, rows, le')})`,
            legend: '{{job}} {{rows}} rows',
          },
        ],
      ),
      lines({ title: 'Queue', description: 'Rows that wait for the model.', unit: units.Short }, [
        { expr: `sum by (job) (ml_queue_rows{${chosen}})` },
      ]),
      lines(
        { title: 'Requests without a prediction', description: 'Refused requests a second, by reason.', unit: units.RequestsPerSecond },
        [{ expr: rate('ml_rejected_requests_total', 'job, reason'), legend: '{{job}} {{reason}}' }],
      ),
      lines(
        {
          title: 'Drift',
          description:
            'Population stability index against the training: below 0.1 nothing has changed, above 0.25 it is another population.',
          unit: units.Short,
        },
        [
          { expr: `max by (job, feature) (ml_feature_psi{${chosen}})`, legend: '{{job}} {{feature}}' },
          { expr: `max by (job) (ml_prediction_psi{${chosen}})`, legend: '{{job}} predictions' },
        ],
        { limit: driftIndex },
      ),
      lines(
        {
          title: 'Distribution of predictions',
          description: 'Predictions a second, by the bins of the training.',
          unit: units.OpsPerSecond,
        },
        [{ expr: rate('ml_prediction_values_total', 'job, bin'), legend: '{{job}} {{bin}}' }],
      ),
    ],
  }
}
