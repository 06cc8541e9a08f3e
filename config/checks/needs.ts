import type { Diagnostics } from '../diagnostics.ts'
import { type Draft, servicesOf } from '../draft.ts'

/** Finds services that need one that does not exist, and services that wait for each other. */
export function checkNeeds(config: Draft, diagnostics: Diagnostics): void {
  const names = Object.keys(config.services ?? {})
  const needs = new Map<string, string[]>()
  for (const [name, service] of servicesOf(config)) {
    const known: string[] = []
    for (const [index, need] of (service.needs ?? []).entries()) {
      if (need === undefined) continue
      if (names.includes(need)) known.push(need)
      else diagnostics.value(['services', name, 'needs', index], need, `the name of a service: ${names.join(', ')}`, names)
    }
    needs.set(name, known)
  }
  const done = new Set<string>()
  for (const name of names) {
    const circle = circleFrom(name, needs, [], done)
    if (circle) diagnostics.statement(['services', circle[0]!, 'needs'], circle.join(' → '), 'services that do not wait for each other')
  }
}

/**
 * The first circle that can be reached from a service, as `[a, b, a]`. Each service is walked once, so each circle is
 * found once.
 */
function circleFrom(name: string, needs: ReadonlyMap<string, string[]>, above: string[], done: Set<string>): string[] | undefined {
  if (above.includes(name)) return [...above.slice(above.indexOf(name)), name]
  if (done.has(name)) return undefined
  done.add(name)
  for (const need of needs.get(name) ?? []) {
    const circle = circleFrom(need, needs, [...above, name], done)
    if (circle) return circle
  }
  return undefined
}
