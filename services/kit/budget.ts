import { HttpError } from './http-error.ts'

/** Memory for bodies that all requests of a service share: a limit for each alone would still let a thousand of them fill the machine. */
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
  /** Gives all of them back, once its answer has ended; what arrives after that is not counted any more. */
  close(): void
}

/** @param limit in bytes, for all requests together */
export function createBudget(limit: number): Budget {
  let used = 0
  // An object a request and no table of requests: V8 keeps the entries of a table's former storage for as long as that has not been collected, and with
  // them the requests, so that its short collections had to copy hundreds of them every time.
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
