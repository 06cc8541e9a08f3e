import type { KeyPath } from './diagnostics.ts'
import type { ConfigOptions } from './schema/options.ts'

type Partly<T> = T extends readonly (infer Item)[]
  ? readonly (Item | undefined)[]
  : T extends object
    ? { readonly [K in keyof T]?: Partly<T[K]> | undefined }
    : T

/**
 * A config of which only the parts that have the right shape are left, so that what is wrong elsewhere can still be
 * found.
 */
export type Draft = Partly<ConfigOptions>

/**
 * Copies a config without what stands at the given paths. In lists, `undefined` stands in place of what was left out.
 *
 * @param given what the config file exports
 * @param wrong the paths that have a problem already
 */
export function draft(given: unknown, wrong: readonly KeyPath[]): Draft {
  const left = new Set(wrong.map((path) => path.join('\0')))
  const copy = (value: unknown, path: KeyPath): unknown => {
    if (left.has(path.join('\0'))) return undefined
    if (Array.isArray(value)) return value.map((item, index) => copy(item, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item, [...path, key])]))
  }
  return (copy(given, []) ?? {}) as Draft
}

/** The services that have at least the shape of an object, with their names. */
export function servicesOf(config: Draft): [name: string, service: NonNullable<NonNullable<Draft['services']>[string]>][] {
  return Object.entries(config.services ?? {}).flatMap(([name, service]) => (service ? [[name, service]] : []))
}
