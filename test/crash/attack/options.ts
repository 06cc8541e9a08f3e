import { Failure } from '../../../src/report/failure.ts'
import { type FlagSpecs, parseFlags } from '../../../src/terminal/flags.ts'
import { usualMemoryMiB } from './services.ts'

export const flags = {
  url: { type: 'string', multiple: true, value: 'URL', about: 'a running service of yours; else both services are started for it' },
  path: { type: 'string', multiple: true, value: '/ROUTE', about: 'where a service that is not known takes JSON' },
  cases: { type: 'string', value: 'N', about: 'how many cases for each service; 1000 where nothing is said' },
  seed: { type: 'string', value: 'N', about: 'other numbers are other cases; 1 where nothing is said' },
  case: { type: 'string', value: 'K', about: 'this one case alone' },
  'memory-mib': { type: 'string', value: 'N', about: `the limit of the service's container; ${usualMemoryMiB} where nothing is said` },
  minutes: { type: 'string', value: 'N', about: 'no case begins later; 20 where nothing is said' },
  'i-own-this-address': { type: 'boolean', about: 'attack an address that is neither loopback nor private' },
  json: { type: 'boolean', about: 'print one JSON document and nothing else' },
  help: { type: 'boolean', short: 'h', about: 'this help' },
} as const satisfies FlagSpecs

export interface Options {
  readonly urls: readonly string[]
  readonly paths: readonly string[]
  readonly numbers: readonly number[]
  readonly seed: number
  readonly memoryMiB: number
  readonly minutes: number
  readonly trusted: boolean
  readonly json: boolean
  readonly help: boolean
}

/** @throws Failure (usage) */
export function readOptions(words: readonly string[]): Options {
  const { flags: given } = parseFlags(words, flags)
  const number = (name: string, otherwise: number, most: number) => {
    const text = given[name]
    if (text === undefined) return otherwise
    const value = /^\d{1,9}$/.test(String(text)) ? Number(text) : Number.NaN
    if (value <= most) return value
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
    throw new Failure(`--${flag} is ${JSON.stringify(text)}, expected a whole number up to ${most}.`, { code: 2 })
  }
  const cases = number('cases', 1000, 100_000)
  const one = given.case === undefined ? undefined : number('case', 0, 1e8)
  return {
    urls: given.url as string[],
    paths: given.path as string[],
    numbers: one === undefined ? Array.from({ length: cases }, (_, index) => index) : [one],
    seed: number('seed', 1, 1e8),
    memoryMiB: number('memoryMib', usualMemoryMiB, 1024 * 1024),
    minutes: number('minutes', 20, 24 * 60),
    trusted: given.iOwnThisAddress === true,
    json: given.json === true,
    help: given.help === true,
  }
}

export const help = `
Sends hostile requests to running services of your own, and measures what each costs them.

  npx node test/crash/attack.ts --url http://127.0.0.1:8001 --url http://127.0.0.1:8002

${Object.entries(flags)
  .map(([name, flag]) => `  --${`${name}${'value' in flag ? ` ${flag.value}` : ''}`.padEnd(22)}${flag.about}`)
  .join('\n')}

Where the metrics of a service are guarded, as on a stage that is open, SERVICE_TOKEN or SERVICE_TOKEN_FILE says with which token
they are read (npx zx scripts/secret.mjs show service-token). The attacks themselves are those of strangers.

It writes records into data-ingestion that mean nothing: not for a stage whose data is worth something.
The exit code is 0 when everything held, 1 when something did not, 2 for a wrong command line.
`
