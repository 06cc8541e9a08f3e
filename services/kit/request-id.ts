import { randomFillSync } from 'node:crypto'

/** Ids that others give are shown in logs and answers: short, and nothing in them that means something there. */
const acceptable = /^[\w.:-]{1,128}$/

/** Random bytes of an id: as many as make 16 characters, and chance never makes the same ones twice. */
const bytes = 12

/**
 * Drawn for many ids at once: a call for each, or a UUID, which is put together from parts, costs several times as much
 * as the rest of an id.
 */
const drawn = Buffer.allocUnsafeSlow(512 * bytes)
let next = drawn.length

/**
 * The id under which a request is found in the logs of everything that worked on it.
 *
 * @param given the `x-request-id` that came with it, from a proxy or another service
 * @returns that one where it is acceptable, else a new one: 16 random letters, digits, hyphens and underscores
 */
export function requestId(given: string | string[] | undefined): string {
  if (typeof given === 'string' && acceptable.test(given)) return given
  if (next === drawn.length) {
    randomFillSync(drawn)
    next = 0
  }
  next += bytes
  return drawn.toString('base64url', next - bytes, next)
}
