import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { Histogram, type Series } from './histogram.ts'
import { latencyBounds } from './latency-bounds.ts'

/** Counts one answered request of a route. */
export type Observe = (method: string, code: number, seconds: number) => void

export interface Metrics {
  readonly registry: Registry
  /**
   * How the requests of a route are counted. `route` is the pattern, never the path: every id would become a series of
   * its own.
   */
  route(route: string): Observe
  /** A request has begun to arrive, or its answer has ended. */
  begin(): void
  end(): void
}

/**
 * Those that are counted by their names. Node takes thirty more, and for each of them with each status and route there
 * would be a series that stays.
 */
const countedMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/**
 * The metrics of one app: a registry of its own, so that two apps can live in one process, with those of Node and of
 * every request.
 */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const duration = new Histogram<'method' | 'route' | 'code'>(registry, {
    name: 'http_request_duration_seconds',
    help: 'Time from the head of a request to the end of its answer, by route pattern.',
    buckets: latencyBounds,
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
    route(route) {
      const byMethod = new Map<string, Map<number, Series>>()
      const seriesOf = (method: string, code: number) => {
        const series = duration.series({ method: countedMethods.has(method) ? method : 'other', route, code })
        const byCode = byMethod.get(method) ?? new Map<number, Series>()
        byMethod.set(method, byCode.set(code, series))
        return series
      }
      return (method, code, seconds) => (byMethod.get(method)?.get(code) ?? seriesOf(method, code)).observe(seconds)
    },
    begin: () => void inFlight++,
    end: () => void inFlight--,
  }
}
