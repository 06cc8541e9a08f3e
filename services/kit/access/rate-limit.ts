/** How often one client may ask. */
export interface RateLimit {
  /** On average, for ever. */
  readonly perSecond: number
  /** At once, after a pause that is long enough. */
  readonly burst: number
}

export interface RateLimiter {
  /**
   * Counts a request of a client.
   *
   * @returns how long the client has to wait until it may ask, in ms; 0 where it may now. Only a request that may is
   *   counted.
   */
  take(client: string): number
  /** How many clients are remembered. */
  readonly clients: number
}

/** How many clients are remembered: about 11 MB at most. */
export const mostClients = 65_536

/**
 * A token bucket for each client: `burst` tokens, and `perSecond` new ones a second. Of a bucket, one number is kept:
 * when it will be full again (the generic cell rate algorithm). One that is full needs no memory, so a generation of
 * clients is forgotten when the next is as old as a bucket takes to fill; and earlier where there are so many of them
 * that `mostClients` would be exceeded. Whoever had to be forgotten early has a full bucket again. Nothing here is ever
 * walked through: to drop the oldest of one map costs more, the more have been dropped.
 *
 * @param now in ms, from any beginning, never backwards
 */
export function createRateLimiter({ perSecond, burst }: RateLimit, now = () => performance.now()): RateLimiter {
  const perToken = 1000 / perSecond
  let young = new Map<string, number>()
  let old = new Map<string, number>()
  let begun = now()
  return {
    take(client) {
      const time = now()
      if (young.size >= mostClients / 2 || time - begun >= burst * perToken) {
        old = young
        young = new Map()
        begun = time
      }
      const full = Math.max(young.get(client) ?? old.get(client) ?? 0, time)
      const wait = full - time - (burst - 1) * perToken
      // A millionth of a token is what rounding makes, not what a client owes.
      if (wait > perToken / 1e6) return wait
      young.set(client, full + perToken)
      return 0
    },
    get clients() {
      return young.size + old.size
    },
  }
}
