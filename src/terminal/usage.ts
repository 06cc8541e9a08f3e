import { exit } from '../report/failure.ts'
import { allFlags, type CommonFlag, type FlagSpecs, placeholder } from './flags.ts'

/** What a script says about itself. */
export interface Spec {
  /** The script's name without folder and ending: `destroy`. */
  readonly name: string
  /** One sentence. */
  readonly summary: string
  /** What may stand beside the flags: `[SERVICE]`. */
  readonly arguments?: string
  /** Whether an argument too many is not repeated in the refusal: it may be a secret. */
  readonly discreet?: boolean
  readonly flags?: FlagSpecs
  /** Which of the common flags make sense here; all where nothing is said. */
  readonly common?: readonly CommonFlag[]
  /** Whole command lines worth knowing, without `npx zx scripts/NAME.mjs`. */
  readonly examples?: readonly string[]
}

/** The command that starts a script. */
export function commandLine(spec: Spec): string {
  return `npx zx scripts/${spec.name}.mjs`
}

/** One line: `Usage: npx zx scripts/destroy.mjs [SERVICE] [--all] [--stage NAME] …`. */
export function usageLine(spec: Spec): string {
  const own = Object.entries(allFlags(spec.flags, spec.common)).filter(([name]) => !['no-color', 'help', 'version'].includes(name))
  const flags = own.map(([name, flag]) => `[${flag.type === 'string' ? `--${name} ${placeholder(flag)}` : `--${name}`}]`)
  return ['Usage:', commandLine(spec), ...(spec.arguments ? [spec.arguments] : []), ...flags].join(' ')
}

/** The whole help, without a line break at its end. */
export function help(spec: Spec): string {
  const rows = Object.entries(allFlags(spec.flags, spec.common)).map(([name, flag]) => {
    const value = flag.type === 'string' ? ` ${placeholder(flag)}` : ''
    const choices = flag.choices && flag.value ? ` (${flag.choices.join(', ')})` : ''
    return { left: `${flag.short ? `-${flag.short}, ` : '    '}--${name}${value}`, right: `${flag.about ?? ''}${choices}` }
  })
  const width = Math.max(...rows.map((row) => row.left.length))
  const command = commandLine(spec)
  return [
    spec.summary,
    '',
    'Usage',
    `  ${[command, spec.arguments, '[flags]'].filter(Boolean).join(' ')}`,
    '',
    'Flags',
    ...rows.map((row) => `  ${row.left.padEnd(width)}  ${row.right}`.trimEnd()),
    ...(spec.examples?.length ? ['', 'Examples', ...spec.examples.map((example) => `  ${command} ${example}`.trimEnd())] : []),
    '',
    'Exit codes',
    ...Object.entries(meanings).map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`),
  ].join('\n')
}

const meanings: Readonly<Record<number, string>> = {
  [exit.done]: 'done',
  [exit.failed]: 'failed',
  [exit.usage]: 'a mistake in the command line or the config; nothing was changed',
  [exit.access]: 'no credentials, or no access',
  [exit.stillServing]: 'failed, the previous release is still serving',
  [exit.nothingServing]: 'failed, nothing is serving',
  [exit.locked]: 'the stage is locked',
  [exit.interrupted]: 'interrupted',
}
