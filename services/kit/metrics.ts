import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** Counts one answered request. `route` is the pattern, never the path: every id would become a series of its own. */
export type Observe = (labels: { method: string; route: string; code: number }, seconds: number) => void

export interface Metrics {
  readonly registry: Registry
  readonly observe: Observe
  /** A request has begun to arrive, or its answer has ended. */
  begin(): void
  end(): void
}

/**
 * The metrics of one app: a registry of its own, so that two apps can live in one process, with those of Node and of every request.
 */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer, by route pattern.',
    labelNames: ['method', 'route', 'code'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  })
  // Counted here and given to the gauge when somebody looks: that is twice a request against once a scrape.
  let inFlight = 0
  new Gauge({
    name: 'http_requests_in_flight',
    help: 'Requests that have begun to arrive and whose answers have not ended.',
    registers: [registry],
    collect() {
      this.set(inFlight)
    },
  })
  return {
    registry,
    observe: (labels, seconds) => duration.observe(labels, seconds),
    begin: () => void inFlight++,
    end: () => void inFlight--,
  }
}
