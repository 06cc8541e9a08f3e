import { type ParseArgsConfig, parseArgs } from 'node:util'
import { Refusal } from './refusal.ts'

/** The flags of a subcommand, as `util.parseArgs` takes them. */
export type Flags = NonNullable<ParseArgsConfig['options']>

type Values<Known extends Flags> = ReturnType<typeof parseArgs<{ options: Known }>>['values']

/**
 * Reads a command line.
 *
 * @param count how many arguments the command takes beside its flags, at least and at most
 * @param own whether the arguments are a command of its own, whose flags are not ours
 * @throws Refusal with exit code 125 that names an unknown flag: nothing that it was told is ever ignored.
 */
export function parse<const Known extends Flags>(
  command: string,
  args: readonly string[],
  options: Known,
  [least, most = Number.POSITIVE_INFINITY]: readonly [least: number, most?: number],
  own = false,
): { values: Values<Known>; rest: string[] } {
  const first = own ? firstArgument(args, options) : args.length
  const { values, positionals } = read(command, args.slice(0, first), options)
  const rest = [...positionals, ...args.slice(first)]
  if (rest.length >= least && rest.length <= most) return { values, rest }
  const many = `${least === most ? '' : 'at least '}${least} argument${least === 1 ? '' : 's'}`
  throw new Refusal(`docker: 'docker ${command}' requires ${many}`, 125)
}

function read<Known extends Flags>(command: string, args: readonly string[], options: Known) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    const [, flag] = /^Unknown option '(.*?)'/.exec((error as Error).message) ?? []
    const message = flag === undefined ? (error as Error).message : `unknown flag: ${flag} (the stand-in for docker does not know it)`
    throw new Refusal(`${message}\n\nSee 'docker ${command} --help'.`, 125)
  }
}

/** Where the flags end: at the first word that is neither one nor its value. */
function firstArgument(args: readonly string[], options: Flags): number {
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true })
  return tokens.find(({ kind }) => kind !== 'option')?.index ?? args.length
}
