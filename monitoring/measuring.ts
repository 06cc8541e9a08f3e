import type { Config, Measure } from '../config/config.ts'
import { anyOf, quoted } from './expression.ts'

/** A label matcher for the services that measure something; undefined when none does. */
export function measuring(config: Config, measure: Measure): string | undefined {
  const names = config.services.filter(({ measures }) => measures.includes(measure)).map(({ name }) => name)
  return names.length === 0 ? undefined : `job=~${quoted(anyOf(names))}`
}
