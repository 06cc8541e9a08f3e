/**
 * An error that the client is told about: it becomes the answer `{ "error": message }` with this status. Throw it from
 * a handler; every other error is a bug of ours and becomes a 500 that says nothing about the inside.
 */
export class HttpError extends Error {
  override readonly name = 'HttpError'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  /**
   * @param status an HTTP status from 400 to 599
   * @param message for the client: what is wrong and what is expected
   */
  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}
