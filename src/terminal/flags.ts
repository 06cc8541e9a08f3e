import { parseArgs } from 'node:util'
import { strategies } from '../../config/strategy.ts'
import { suggest } from '../../config/suggestion.ts'
import { exit, Failure } from '../report/failure.ts'

/** One flag of a script. */
export interface Flag {
  readonly type: 'boolean' | 'string'
  /** One letter. */
  readonly short?: string
  /** What it does, as the help shows it. */
  readonly about?: string
  /** What stands for its value in the help: `NAME`. */
  readonly value?: string
  /** The only values that it takes. */
  readonly choices?: readonly string[]
  /** May be given more than once: the value is a list then. */
  readonly multiple?: boolean
}

export type FlagSpecs = Readonly<Record<string, Flag>>

/**
 * By camel-case name: `--dry-run` is `dryRun`. A boolean that was not given is false, a string undefined, a list empty.
 */
export type FlagValues = Record<string, boolean | string | string[] | undefined>

/** The flags that scripts have in common. */
export const commonFlags = {
  stage: { type: 'string', value: 'NAME', about: 'the stage to work on; else MLOPS_STAGE, else local' },
  strategy: { type: 'string', choices: strategies, about: 'how the old release makes way; else what the config says' },
  yes: { type: 'boolean', short: 'y', about: 'answer yes to every question' },
  json: { type: 'boolean', about: 'print one JSON document and nothing else' },
  'dry-run': { type: 'boolean', about: 'say what would be done, and do nothing' },
  quiet: { type: 'boolean', short: 'q', about: 'results and warnings only' },
  verbose: { type: 'boolean', short: 'v', about: 'every step, and the stack of an error' },
} as const satisfies FlagSpecs

export type CommonFlag = keyof typeof commonFlags

/** Those of a script that does not say which it has. */
export const usual = ['stage', 'yes', 'json', 'dry-run', 'quiet', 'verbose'] as const satisfies readonly CommonFlag[]

/** The flags that every script has, whatever it says. */
export const universalFlags = {
  'no-color': { type: 'boolean', about: 'no colours' },
  help: { type: 'boolean', short: 'h', about: 'this help' },
  version: { type: 'boolean', about: 'the version of this project' },
} as const satisfies FlagSpecs

/** A script's own flags, then those of the common ones that it has, then the universal ones. */
export function allFlags(own: FlagSpecs = {}, common: readonly CommonFlag[] = usual): FlagSpecs {
  const shared = Object.fromEntries(common.filter((name) => !own[name]).map((name) => [name, commonFlags[name]]))
  return { ...own, ...shared, ...universalFlags }
}

/**
 * Reads a command line.
 * @param positionals What may stand beside the flags, as the help shows it: `SERVICE` is needed, `[SERVICE]` may be
 *   left out, `[WORD...]` takes any number.
 * @param discreet Whether an argument too many is not repeated: it may be a secret.
 * @throws {Failure} (usage) for a flag that is unknown, lacks its value or has a wrong one, and for an argument too
 *   many or too few.
 */
export function parseFlags(
  words: readonly string[],
  specs: FlagSpecs,
  positionals = '',
  discreet = false,
): { flags: FlagValues; positionals: string[] } {
  const options = Object.fromEntries(Object.entries(specs).map(([name, { type, short }]) => [name, short ? { type, short } : { type }]))
  // Not strict: Node's own messages know neither suggestions nor choices. What strict would refuse is refused below.
  const { tokens } = parseArgs({ args: [...words], options, allowPositionals: true, strict: false, tokens: true })
  const flags: FlagValues = Object.fromEntries(
    Object.entries(specs).map(([name, flag]) => [camel(name), flag.multiple ? [] : flag.type === 'boolean' ? false : undefined]),
  )
  const given: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') given.push(token.value)
    if (token.kind !== 'option') continue
    const spec = Object.hasOwn(specs, token.name) ? specs[token.name] : undefined
    if (!spec) throw unknown(token.rawName, specs)
    const value = spec.type === 'boolean' ? alone(token.rawName, token.value) : wanted(token.rawName, spec, token.value, token.inlineValue)
    if (spec.multiple) (flags[camel(token.name)] as string[]).push(String(value))
    else flags[camel(token.name)] = value
  }
  // Help is help, whatever else is wrong or missing.
  if (flags.help !== true) countPositionals(given, positionals, discreet)
  return { flags, positionals: given }
}

/** Whether the command line asks for `--help` or `--version`, were the rest of it right or wrong. */
export function asksFor(words: readonly string[], flag: 'help' | 'version'): boolean {
  const own = words.includes('--') ? words.slice(0, words.indexOf('--')) : words
  return own.includes(`--${flag}`) || (flag === 'help' && own.includes('-h'))
}

function camel(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}

function refuse(message: string): Failure {
  return new Failure(message, { code: exit.usage })
}

function unknown(raw: string, specs: FlagSpecs): Failure {
  const near = raw.startsWith('--') ? suggest(raw.slice(2), Object.keys(specs)) : undefined
  return refuse(`unknown flag ${raw}.${near ? ` Did you mean --${near}?` : ''}`)
}

function alone(raw: string, value: string | undefined): true {
  if (value !== undefined) throw refuse(`${raw} takes no value, got ${JSON.stringify(value)}.`)
  return true
}

function wanted(raw: string, spec: Flag, value: string | undefined, inline: boolean | undefined): string {
  const missing = value === undefined || value === '' || (!inline && value.startsWith('-') && value !== '-')
  if (missing) throw refuse(`${raw} needs a value: ${raw} ${placeholder(spec)}.`)
  if (spec.choices && !spec.choices.includes(value)) {
    const near = suggest(value, spec.choices)
    throw refuse(`${raw} takes ${spec.choices.join(', ')}; got ${JSON.stringify(value)}.${near ? ` Did you mean ${near}?` : ''}`)
  }
  return value
}

/** What stands for a flag's value in the help. */
export function placeholder(spec: Flag): string {
  return spec.value ?? spec.choices?.join('|') ?? 'VALUE'
}

function countPositionals(given: readonly string[], pattern: string, discreet: boolean): void {
  const parts = pattern.split(/\s+/).filter((part) => part !== '' && part !== '--')
  const needed = parts.filter((part) => !part.startsWith('['))
  const missing = needed[given.length]
  if (given.length < needed.length) throw refuse(`${missing} is missing.`)
  if (!pattern.includes('...') && given.length > parts.length)
    throw refuse(discreet ? `more arguments than ${pattern}.` : `unexpected argument ${JSON.stringify(given[parts.length])}.`)
}
