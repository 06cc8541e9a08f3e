import type { IncomingMessage } from 'node:http'
import { HttpError } from '../http-error.ts'
import type { Access } from './access.ts'
import { bringsToken } from './bearer.ts'
import { type ClientAddress, clientKey } from './client-address.ts'
import { createRateLimiter } from './rate-limit.ts'

/**
 * Lets a request in, by the pattern of its route, or throws an `HttpError` with the refusal: 401 without the token, 429
 * with `Retry-After` beyond the limit. It looks at the head of the request only, so nobody's body is read before.
 */
export type Admit = (request: IncomingMessage, route: string) => void

/** Who launches, checks and balances has no token, and is not to be told that a service is ill because others are many. */
const health = ['/health', '/ready']

/**
 * Decides who is answered. The limit is looked at before the token is, so that guessing is limited as well; who brings
 * the token for the metrics is not limited, because Prometheus may come from the address of somebody who is.
 *
 * That a client is on the machine's own network opens nothing: behind docker's proxy, and behind the embedded cloud's
 * forwarder, strangers look as if they were.
 */
export function createAdmission({ guarded, token, rateLimit }: Access, addressOf: ClientAddress): Admit {
  const limiter = rateLimit && createRateLimiter(rateLimit)
  const knows = bringsToken(token)
  return (request, route) => {
    if (health.includes(route)) return
    const needsToken = guarded === 'everything' || (guarded === 'metrics' && route === '/metrics')
    const admitted = !needsToken || knows(request)
    if (limiter && !(needsToken && admitted && route === '/metrics')) {
      const wait = limiter.take(clientKey(addressOf(request)))
      if (wait > 0)
        throw new HttpError(429, 'There were too many requests from this client', { 'retry-after': String(Math.ceil(wait / 1000)) })
    }
    if (admitted) return
    if (token === undefined)
      throw new HttpError(403, 'The metrics of this service are shown to nobody: the stage has no Prometheus and no token')
    throw new HttpError(401, 'This needs the token of the stage, as Authorization: Bearer TOKEN', { 'www-authenticate': 'Bearer' })
  }
}
