import type { Measure, Objectives } from './config.ts'

/** What a service promises when its config does not say: about three and a half hours of failing a month, and answers that feel immediate. */
export const defaultObjectives: Objectives = { availability: 0.995, latency: { p: 0.99, seconds: 0.25 } }

/**
 * The times that a latency objective can be about: the bucket bounds of `http_request_duration_seconds` in `services/kit`. A histogram
 * counts requests below its bounds; between two of them it only guesses.
 */
export const latencyBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

/** For each thing that a service can measure beside its requests, the metric by which its source is known to do so. */
export const measures: Readonly<Record<Measure, string>> = {
  predictions: 'ml_predictions_total',
  ingestion: 'data_ingestion_total',
}
