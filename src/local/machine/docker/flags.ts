import { Refusal } from './refusal.ts'

/** The flags of a subcommand: `flag` stands alone, `value` is followed by one, `list` may be given again and again. */
export type Flags = Readonly<Record<string, 'flag' | 'value' | 'list'>>

/** A command line that has been read. */
export interface Parsed {
  has(name: string): boolean
  value(name: string): string | undefined
  list(name: string): readonly string[]
  readonly rest: readonly string[]
}

/**
 * Reads a command line by the rules of docker's flag library: `--name value`, `--name=value`, `-n value`, `-nvalue`, `-it`.
 *
 * @param known flags by their long name
 * @param short one-letter names → long names
 * @param interspersed whether flags may come after the first argument; not so where the rest is a command of its own
 * @throws Refusal with exit code 125 that names an unknown flag: nothing that it was told is ever ignored.
 */
export function parse(
  command: string,
  args: readonly string[],
  known: Flags,
  short: Readonly<Record<string, string>> = {},
  interspersed = true,
): Parsed {
  const found = new Map<string, string[]>()
  const rest: string[] = []
  const wrong = (message: string) => new Refusal(`${message}\n\nSee 'docker ${command} --help'.`, 125)
  const add = (name: string, value: string) => found.set(name, [...(found.get(name) ?? []), value])
  const queue = [...args]
  const next = (shown: string): string => {
    const value = queue.shift()
    if (value === undefined) throw wrong(`flag needs an argument: ${shown}`)
    return value
  }
  const long = (text: string) => {
    const [name = '', value] = text.split(/=(.*)/s)
    const type = Object.hasOwn(known, name) ? known[name] : undefined
    if (!type) throw wrong(`unknown flag: --${name} (the stand-in for docker does not know it)`)
    if (type !== 'flag') return add(name, value ?? next(`--${name}`))
    if (value !== undefined && value !== 'true' && value !== 'false') throw wrong(`invalid argument "${value}" for "--${name}" flag`)
    return add(name, value ?? 'true')
  }
  const letters = (text: string) => {
    for (let index = 0; index < text.length; index++) {
      const letter = text[index]!
      const name = Object.hasOwn(short, letter) ? short[letter]! : undefined
      if (!name) throw wrong(`unknown shorthand flag: '${letter}' in -${text} (the stand-in for docker does not know it)`)
      if (known[name] === 'flag') add(name, 'true')
      else return add(name, text.slice(index + 1).replace(/^=/, '') || next(`-${letter}`))
    }
  }
  while (queue.length > 0) {
    const arg = queue.shift()!
    if (arg === '--') rest.push(...queue.splice(0))
    else if (arg.startsWith('--')) long(arg.slice(2))
    else if (arg.startsWith('-') && arg !== '-') letters(arg.slice(1))
    else {
      rest.push(arg)
      if (!interspersed) rest.push(...queue.splice(0))
    }
  }
  return {
    has: (name) => found.get(name)?.at(-1) === 'true',
    value: (name) => found.get(name)?.at(-1),
    list: (name) => found.get(name) ?? [],
    rest,
  }
}

/** Exactly so many arguments, or docker's complaint. */
export function expect(command: string, { rest }: Parsed, least: number, most = Number.POSITIVE_INFINITY): void {
  if (rest.length >= least && rest.length <= most) return
  const many =
    least === most
      ? `requires ${least === 1 ? '1 argument' : `${least} arguments`}`
      : `requires at least ${least} argument${least === 1 ? '' : 's'}`
  throw new Refusal(`docker: 'docker ${command}' ${many}`, 125)
}
