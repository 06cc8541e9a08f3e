import type { CommonFlag, commonFlags, Flag, FlagSpecs, universalFlags, usual } from './flags.ts'
import type { Spec } from './usage.ts'

type Camel<Name extends string> = Name extends `${infer First}-${infer Rest}` ? `${First}${Capitalize<Camel<Rest>>}` : Name

type ValueOf<F extends Flag> = F extends { multiple: true }
  ? string[]
  : F extends { type: 'boolean' }
    ? boolean
    : (F extends { choices: readonly (infer Choice)[] } ? Choice : string) | undefined

type Values<Specs extends FlagSpecs> = { readonly [Name in keyof Specs & string as Camel<Name>]: ValueOf<Specs[Name]> }

type Own<S extends Spec> = S extends { flags: infer Flags extends FlagSpecs } ? Flags : Record<never, Flag>
type Common<S extends Spec> = S extends { common: readonly (infer Name extends CommonFlag)[] } ? Name : (typeof usual)[number]

/** The values of the flags that a script says it has, by camel-case name: `--dry-run` is `dryRun`. */
export type FlagsOf<S extends Spec> = Values<Own<S> & Omit<Pick<typeof commonFlags, Common<S>>, keyof Own<S>> & typeof universalFlags>

type Argument<Word extends string> = Word extends '' | '--'
  ? []
  : Word extends `${string}...${string}`
    ? string[]
    : Word extends `[${string}]`
      ? [string?]
      : [string]

type Arguments<Words extends string> = Words extends `${infer First} ${infer Rest}`
  ? [...Argument<First>, ...Arguments<Rest>]
  : Argument<Words>

/**
 * What stands beside the flags: `SERVICE` is a text, `[SERVICE]` may be undefined, `[WORD...]` is any number of texts.
 */
export type PositionalsOf<S extends Spec> = S extends { arguments: infer Words extends string } ? Arguments<Words> : []
