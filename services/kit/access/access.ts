/**
 * This folder decides who is answered: who has the stage's token, whom an address belongs to, and how often a client
 * may ask.
 */
import { isIPv4 } from 'node:net'
import { type Environment, readSetting } from '../setting.ts'
import { isToken } from './bearer.ts'
import type { RateLimit } from './rate-limit.ts'

/** Who is answered what. */
export interface Access {
  /** What is answered only to those who have the token; health never is. */
  readonly guarded: 'nothing' | 'metrics' | 'everything'
  /** undefined where nothing is guarded; guarded metrics are then answered on the machine's own network only. */
  readonly token: string | undefined
  /** For each client; undefined sets no limit. */
  readonly rateLimit: RateLimit | undefined
  /** Proxies that are believed whom they ask for (`X-Forwarded-For`), as IPv4 CIDR blocks. */
  readonly trusted: readonly string[]
}

const guards: Readonly<Record<string, Access['guarded']>> = { '': 'nothing', metrics: 'metrics', token: 'everything' }

/**
 * Reads who is answered from what a launch tells every service: `SERVICE_AUTH` (`token`, `metrics`; nothing is guarded
 * where it is not set), `SERVICE_TOKEN_FILE`, `SERVICE_RATE_LIMIT` (`10/20`: 10 a second, 20 at once) and
 * `SERVICE_TRUST_PROXY` (CIDR blocks, joined by commas).
 *
 * @throws Error with a finished sentence, never with the token: a service that cannot guard what it should does not
 *   start
 */
export function readAccess(environment: Environment): Access {
  const { SERVICE_AUTH: auth = '', SERVICE_RATE_LIMIT: limit = '', SERVICE_TRUST_PROXY: proxies = '' } = environment
  const guarded = Object.hasOwn(guards, auth) ? guards[auth]! : undefined
  if (!guarded) throw new Error(`SERVICE_AUTH is ${JSON.stringify(auth)}, expected "token", "metrics" or nothing.`)
  const token = guarded === 'nothing' ? undefined : readSetting(environment, 'SERVICE_TOKEN')
  if (token !== undefined && !isToken(token))
    throw new Error('SERVICE_TOKEN or its file holds no token: at least 16 letters, digits and -._~+/= are one.')
  if (guarded === 'everything' && token === undefined)
    throw new Error(
      'SERVICE_AUTH is "token", but neither SERVICE_TOKEN_FILE nor SERVICE_TOKEN says which: nobody could be told from others.',
    )
  return { guarded, token, rateLimit: readRateLimit(limit), trusted: readTrusted(proxies) }
}

function readRateLimit(given: string): RateLimit | undefined {
  if (given === '') return undefined
  const [, perSecond, burst] = /^(\d+(?:\.\d+)?)\/(\d+)$/.exec(given) ?? []
  if (!(Number(perSecond) > 0 && Number(burst) >= 1))
    throw new Error(`SERVICE_RATE_LIMIT is ${JSON.stringify(given)}, expected requests a second and at once, such as "10/20".`)
  return { perSecond: Number(perSecond), burst: Number(burst) }
}

function readTrusted(given: string): string[] {
  const blocks = given === '' ? [] : given.split(',')
  for (const block of blocks) {
    const [address = '', prefix = ''] = block.split('/')
    if (!isIPv4(address) || !/^\d{1,2}$/.test(prefix) || Number(prefix) > 32)
      throw new Error(`SERVICE_TRUST_PROXY holds ${JSON.stringify(block)}, expected IPv4 CIDR blocks such as "10.0.0.0/16".`)
  }
  return blocks
}
