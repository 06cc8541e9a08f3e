import { Counter, Gauge, type Registry } from 'prom-client'
import { Histogram, type Series } from '../kit/histogram.ts'
import { createDistribution, type Distribution } from './drift.ts'
import type { Manifest } from './manifest.ts'
import { type Prediction, scoreOf } from './prediction.ts'

/** Why a request got no prediction. */
export type Rejection = 'invalid' | 'queue_full' | 'not_ready'

/** What the service measures about its work. */
export interface Measurements {
  /** A row was answered. */
  predicted(row: readonly number[], prediction: Prediction): void
  /** A request was answered, after so many seconds in the queue and the model. */
  took(seconds: number): void
  /** A batch of so many rows went through the model, in so many seconds. */
  batch(rows: number, seconds: number): void
  rejected(reason: Rejection): void
}

/**
 * Registers the metrics of a model.
 *
 * @param depth how many rows wait, asked for whenever the metrics are read
 */
export function createMeasurements(registry: Registry, { name, version, baseline }: Manifest, depth: () => number): Measurements {
  const registers = [registry]
  let made = 0
  new Counter({
    name: 'ml_predictions_total',
    help: 'Predictions made, by model and version.',
    labelNames: ['model', 'version'] as const,
    registers,
    collect() {
      this.reset()
      this.inc({ model: name, version }, made)
    },
  })
  const duration = new Histogram(registry, {
    name: 'ml_prediction_duration_seconds',
    help: 'Time from a request’s rows entering the queue to their predictions.',
    buckets: [0.00001, 0.0001, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
  }).series({})
  const batches = new Histogram(registry, {
    name: 'ml_batch_rows',
    help: 'Rows that went through the model at once.',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
  }).series({})
  const batchDuration = new Histogram<'rows'>(registry, {
    name: 'ml_batch_duration_seconds',
    help: 'Time of a batch in the model, by how many rows it had.',
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1],
  })
  const bySize = new Map<string, Series>()
  /** Shown once there was a batch of this size. */
  const batchDurationOf = (size: string): Series => {
    const series = bySize.get(size) ?? batchDuration.series({ rows: size })
    bySize.set(size, series)
    return series
  }
  new Gauge({
    name: 'ml_queue_rows',
    help: 'Rows that wait for the model.',
    registers,
    collect() {
      this.set(depth())
    },
  })
  const rejections = new Counter({
    name: 'ml_rejected_requests_total',
    help: 'Requests that got no prediction, by reason: invalid, queue_full, not_ready.',
    labelNames: ['reason'] as const,
    registers,
  })
  for (const reason of ['invalid', 'queue_full', 'not_ready']) rejections.inc({ reason }, 0)

  const features = (baseline?.features ?? []).map((bins) => ({ feature: bins.name, distribution: createDistribution(bins, baseline!) }))
  const scores = baseline?.predictions && createDistribution(baseline.predictions, baseline)
  showFeatures(registry, features)
  if (scores) showPredictions(registry, scores)

  return {
    predicted(row, prediction) {
      made++
      for (let column = 0; column < features.length && column < row.length; column++) features[column]!.distribution.observe(row[column]!)
      scores?.observe(scoreOf(prediction))
    },
    took: (seconds) => duration.observe(seconds),
    batch(rows, seconds) {
      batches.observe(rows)
      batchDurationOf(sizeClass(rows)).observe(seconds)
    },
    rejected: (reason) => rejections.inc({ reason }),
  }
}

/** The label of a batch: sizes in steps of four, so that they stay few. */
function sizeClass(rows: number): string {
  if (rows === 1) return '1'
  if (rows <= 4) return '2-4'
  if (rows <= 16) return '5-16'
  return rows <= 64 ? '17-64' : '65+'
}

function showFeatures(registry: Registry, features: readonly { feature: string; distribution: Distribution }[]): void {
  if (features.length === 0) return
  new Gauge({
    name: 'ml_feature_psi',
    help: 'Population stability index of a feature’s latest values against the training; above 0.25 it is another population.',
    labelNames: ['feature'] as const,
    registers: [registry],
    collect() {
      for (const { feature, distribution } of features) {
        const index = distribution.index()
        if (index !== undefined) this.set({ feature }, index)
      }
    },
  })
  new Counter({
    name: 'ml_feature_values_total',
    help: 'Values of a feature, by the bins of the training.',
    labelNames: ['feature', 'bin'] as const,
    registers: [registry],
    collect() {
      this.reset()
      for (const { feature, distribution } of features)
        for (const { bin, count } of distribution.totals()) this.inc({ feature, bin }, count)
    },
  })
}

function showPredictions(registry: Registry, scores: Distribution): void {
  const index = new Gauge({
    name: 'ml_prediction_psi',
    help: 'Population stability index of the latest predictions against the training; above 0.25 it is another population.',
    registers: [registry],
    collect() {
      // Zero would say that nothing has changed; while nothing is known it is not a number.
      this.set(scores.index() ?? Number.NaN)
    },
  })
  index.set(Number.NaN)
  new Counter({
    name: 'ml_prediction_values_total',
    help: 'Predictions, by the bins of the training.',
    labelNames: ['bin'] as const,
    registers: [registry],
    collect() {
      this.reset()
      for (const { bin, count } of scores.totals()) this.inc({ bin }, count)
    },
  })
}
