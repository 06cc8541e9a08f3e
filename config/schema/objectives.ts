import type { Measure, Objectives } from '../config.ts'

/**
 * What a service promises when its config does not say: about three and a half hours of failing a month, and answers
 * that feel immediate.
 */
export const defaultObjectives: Objectives = { availability: 0.995, latency: { p: 0.99, seconds: 0.25 } }

/**
 * The times that a latency objective can be about: the bucket bounds of `http_request_duration_seconds` in
 * `services/kit`. A histogram counts requests below its bounds; between two of them it only guesses.
 */
export const latencyBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

/** What a service can say that it measures beside its requests. Alerts and panels exist for each. */
export const measures = ['predictions', 'ingestion'] as const satisfies readonly Measure[]
