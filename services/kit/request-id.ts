import { randomUUID } from 'node:crypto'

/** Ids that others give are shown in logs and answers: short, and nothing in them that means something there. */
const acceptable = /^[\w.:-]{1,128}$/

/**
 * The id under which a request is found in the logs of everything that worked on it.
 *
 * @param given the `x-request-id` that came with it, from a proxy or another service
 * @returns that one where it is acceptable, else a new one
 */
export function requestId(given: string | string[] | undefined): string {
  return typeof given === 'string' && acceptable.test(given) ? given : randomUUID()
}
