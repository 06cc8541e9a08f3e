import type { ServerResponse } from 'node:http'
import { HttpError } from './http-error.ts'

/** Memory for bodies that all requests of a service share: a limit for each alone would still let a thousand of them fill the machine. */
export interface Budget {
  /**
   * Takes bytes for a request; they come back when its answer has ended.
   *
   * @throws HttpError 503 with `Retry-After` when there are not as many left
   */
  take(bytes: number, answer: ServerResponse): void
  /** How many bytes are taken. */
  used(): number
}

/** @param limit in bytes, for all requests together */
export function createBudget(limit: number): Budget {
  const taken = new Map<ServerResponse, number>()
  let used = 0
  return {
    take(bytes, answer) {
      if (used + bytes > limit) throw new HttpError(503, 'The service has too much to do at the moment', { 'retry-after': '1' })
      const before = taken.get(answer)
      used += bytes
      taken.set(answer, (before ?? 0) + bytes)
      if (before !== undefined) return
      answer.on('close', () => {
        used -= taken.get(answer) ?? 0
        taken.delete(answer)
      })
    },
    used: () => used,
  }
}
