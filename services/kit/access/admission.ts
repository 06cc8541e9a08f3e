import type { IncomingMessage } from 'node:http'
import { HttpError } from '../http-error.ts'
import type { Access } from './access.ts'
import { bringsToken } from './bearer.ts'
import { type ClientAddress, clientKey } from './client-address.ts'
import { ownNetwork } from './own-network.ts'
import { createRateLimiter } from './rate-limit.ts'

/**
 * Lets a request in, by the pattern of its route, or throws an `HttpError` with the refusal: 401 without the token, 429
 * with `Retry-After` beyond the limit. It looks at the head of the request only, so nobody's body is read before.
 */
export type Admit = (request: IncomingMessage, route: string) => void

/**
 * Who launches, checks and balances has no token, and is not to be told that a service is ill because others are many.
 */
const health = ['/health', '/ready']

/**
 * Decides who is answered. The limit is looked at before the token is, so that guessing is limited as well; who may
 * read the metrics is not limited, because Prometheus may come from the address of somebody who is.
 *
 * Metrics are for the machine's own network as well, where Prometheus is; what demands a token demands it there too.
 */
export function createAdmission({ guarded, token, rateLimit }: Access, addressOf: ClientAddress, isNeighbour = ownNetwork()): Admit {
  const limiter = rateLimit && createRateLimiter(rateLimit)
  const knows = bringsToken(token)
  return (request, route) => {
    if (health.includes(route)) return
    const metrics = guarded === 'metrics' && route === '/metrics'
    const needsToken = guarded === 'everything' || metrics
    const admitted = !needsToken || knows(request) || (metrics && isNeighbour(request, addressOf(request)))
    if (limiter && !(needsToken && admitted && route === '/metrics')) {
      const wait = limiter.take(clientKey(addressOf(request)))
      if (wait > 0)
        throw new HttpError(429, 'There were too many requests from this client', { 'retry-after': String(Math.ceil(wait / 1000)) })
    }
    if (admitted) return
    if (token === undefined)
      throw new HttpError(403, 'The metrics of this service are shown on its own machine only: the stage has no token')
    throw new HttpError(401, 'This needs the token of the stage, as Authorization: Bearer TOKEN', { 'www-authenticate': 'Bearer' })
  }
}
