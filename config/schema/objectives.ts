import type { Measure, Objectives } from '../config.ts'

/**
 * What a service promises when its config does not say: about three and a half hours of failing a month, and answers
 * that feel immediate.
 */
export const defaultObjectives: Objectives = { availability: 0.995, latency: { p: 0.99, seconds: 0.25 } }

/** What a service can say that it measures beside its requests. Alerts and panels exist for each. */
export const measures = ['predictions', 'ingestion'] as const satisfies readonly Measure[]
