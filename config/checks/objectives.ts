import type { Diagnostics } from '../diagnostics.ts'
import { type Draft, servicesOf } from '../draft.ts'

/** Finds latency objectives that the services' histogram could only guess at. */
export function checkObjectives(config: Draft, bounds: readonly number[], diagnostics: Diagnostics): void {
  for (const [name, { slo }] of servicesOf(config)) {
    const seconds = slo ? slo.latency?.seconds : undefined
    if (seconds === undefined || bounds.includes(seconds)) continue
    const path = ['services', name, 'slo', 'latency', 'seconds']
    diagnostics.value(path, seconds, `a bound of the request histogram in seconds: ${bounds.join(', ')}`)
  }
}
