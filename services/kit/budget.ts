import { getHeapStatistics } from 'node:v8'
import { HttpError } from './http-error.ts'

/**
 * Memory for what requests bring and what is made of it, that all requests of a service share: a limit for each alone
 * would still let a thousand of them fill the machine.
 */
export interface Budget {
  /** An account for one request. */
  open(): Account
  /** How many bytes are taken. */
  used(): number
}

/** What one request has taken. */
export interface Account {
  /**
   * Takes bytes for it.
   *
   * @throws HttpError 503 with `Retry-After` when there are not as many left
   */
  take(bytes: number): void
  /** Gives bytes back that it does not need any more. */
  give(bytes: number): void
  /** Gives all of them back, once its answer has ended; what arrives after that is not counted any more. */
  close(): void
}

/**
 * How much (bytes) requests may take together by themselves: two fifths of what this process may have for JavaScript,
 * which `--max-old-space-size` sets. The rest is for the service itself, and for what has been given back and not been
 * collected yet.
 */
export function roomForRequests(heapLimit: number = getHeapStatistics().heap_size_limit): number {
  return Math.floor(Math.min(heapLimit * 0.4, 256 * 1024 * 1024))
}

/** @param limit in bytes, for all requests together */
export function createBudget(limit: number): Budget {
  let used = 0
  // An object a request and no table of requests: V8 keeps the entries of a table's former storage for as long as that
  // has not been collected, and with them the requests, so that its short collections had to copy hundreds of them
  // every time.
  return {
    open() {
      let taken = 0
      let closed = false
      return {
        take(bytes) {
          if (closed) return
          if (used + bytes > limit) throw new HttpError(503, 'The service has too much to do at the moment', { 'retry-after': '1' })
          used += bytes
          taken += bytes
        },
        give(bytes) {
          if (closed) return
          used -= bytes
          taken -= bytes
        },
        close() {
          closed = true
          used -= taken
          taken = 0
        },
      }
    },
    used: () => used,
  }
}
