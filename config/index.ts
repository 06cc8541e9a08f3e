/**
 * The config language: what `mlops.config.ts` imports. Kept free of the schema and the loader, so that it loads in no
 * time.
 */
import type { Secret } from './config.ts'
import type { ConfigContext, ConfigOptions } from './schema/options.ts'

export type {
  AlertsOptions,
  ConfigContext,
  ConfigOptions,
  InstanceOptions,
  MonitoringOptions,
  MonitoringServerOptions,
  ObjectivesOptions,
  ServiceOptions,
} from './schema/options.ts'

/** What the compiler shows as the expected type of a key that the config language does not have. */
interface UnknownKey {
  readonly 'the config language has no such key': never
}

/**
 * Maps every key of `Given` that `Known` lacks to `UnknownKey`. TypeScript checks an object literal for surplus keys
 * only where it is assigned, not where an arrow function returns it, and a function is what most configs are.
 */
type OnlyKnown<Given, Known> = Given extends readonly unknown[]
  ? unknown
  : Given extends object
    ? { [K in keyof Given]: K extends KeysOf<Known> ? OnlyKnown<Given[K], ValueOf<Known, K>> : UnknownKey }
    : unknown
type KeysOf<T> = T extends unknown ? keyof T : never
type ValueOf<T, K> = T extends unknown ? (K extends keyof T ? NonNullable<T[K]> : never) : never

/**
 * `Given` stands alone in one branch so that it is inferred; the branch that counts is the other one, whose errors land
 * on the key itself.
 */
type Checked<Given, Name extends string> = [Given] extends [never] ? Given : ConfigOptions<Name> & OnlyKnown<Given, ConfigOptions<Name>>

type ConfigFunction<Given, Name extends string> = (context: ConfigContext) => ConfigOptions<Name> & Checked<Given, Name>

/**
 * Declares what runs, where, and how big. Returns what it is given: its work is the types. A misspelt key, a wrong
 * value and a `needs` that names no service are compile errors on the line where they stand; everything else is checked
 * when the config is loaded.
 *
 * @param config a function from `{ stage }` to the options, or the options themselves when they are the same for every
 *   stage
 */
export function defineConfig<const Name extends string, Given>(config: ConfigFunction<Given, Name>): ConfigFunction<Given, Name>
// The compiler reports the errors of the last overload, so this one takes both forms.
export function defineConfig<const Name extends string, Given>(
  config: Given extends (context: ConfigContext) => infer Returned
    ? (context: ConfigContext) => ConfigOptions<Name> & OnlyKnown<Returned, ConfigOptions<Name>>
    : ConfigOptions<Name> & Checked<Given, Name>,
): typeof config
export function defineConfig(config: unknown): unknown {
  return config
}

/**
 * Stands in the config where a secret value would: the value is set with `npx zx scripts/secret.mjs set NAME`, and only
 * the machine that needs it ever reads it.
 *
 * @param name letters, digits, hyphens, dots and underscores
 */
export function secret(name: string): Secret {
  return { secret: name }
}
