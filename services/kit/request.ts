import type { Request as PolkaRequest } from 'polka'
import { decodeText, parseJson, readBody, streamBody } from './body.ts'
import type { Account } from './budget.ts'
import type { Level } from './log.ts'

/** What a handler gets to know about a request. */
export interface Request {
  /** The id that the answer carries as `x-request-id` and that every line of the log about it has. */
  readonly id: string
  /** The values of the pattern's parameters, decoded: `/data/:id` gives `id`. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The address at the other end of the connection. Headers that claim another one are not believed: any client can send them. */
  readonly sourceIp: string
  /** The headers by their names in lowercase; one that came more than once is one text where HTTP allows it. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Writes a line that carries the request's id. */
  log(level: Level, message: string, fields?: Readonly<Record<string, unknown>>): void
  /** Reads the body, unpacked, at most the service's limit. Throws HttpError 413, 415, 400 and, when all bodies together are too much, 503. */
  body(): Promise<Buffer>
  /** Reads and parses the body; undefined where it is empty. Throws HttpError as `body` does, and 400. */
  json(): Promise<unknown>
  /**
   * Reads a long body piece by piece, unpacked, as fast as the pieces are taken.
   *
   * @param limit in bytes, for all of it
   * @throws HttpError as `body` does, but never 503
   */
  stream(limit: number): AsyncIterable<Buffer>
}

export interface RequestOptions {
  readonly id: string
  /** For a body, in bytes. */
  readonly limit: number
  /** What its body is counted on. */
  readonly account: Account
  log(level: Level, message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** @param request as Polka gives it */
export function createRequest(request: PolkaRequest, options: RequestOptions): Request {
  return new PolkaBacked(request, options)
}

/** A class, so that what a handler does not ask for costs nothing: most requests have no query and nobody looks at their address. */
class PolkaBacked implements Request {
  readonly #request: PolkaRequest
  readonly #options: RequestOptions

  constructor(request: PolkaRequest, options: RequestOptions) {
    this.#request = request
    this.#options = options
  }

  get id(): string {
    return this.#options.id
  }

  get params(): Request['params'] {
    return this.#request.params
  }

  get query(): URLSearchParams {
    return new URLSearchParams(this.#request.search)
  }

  get sourceIp(): string {
    // A server that listens on IPv6 sees IPv4 clients as ::ffff:192.0.2.1.
    return (this.#request.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  }

  get headers(): Request['headers'] {
    return this.#request.headers
  }

  log(level: Level, message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#options.log(level, message, { request_id: this.#options.id, ...fields })
  }

  body(): Promise<Buffer> {
    const { limit, account } = this.#options
    return readBody(this.#request, limit, account.take)
  }

  async json(): Promise<unknown> {
    return parseJson(decodeText(await this.body()))
  }

  stream(limit: number): AsyncIterable<Buffer> {
    return streamBody(this.#request, limit)
  }
}
