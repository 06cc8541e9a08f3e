import type { ServerResponse } from 'node:http'
import type { Request as PolkaRequest } from 'polka'
import type { ClientAddress } from './access/client-address.ts'
import { type Meter, readBody, readText, streamBody } from './body.ts'
import type { Account } from './budget.ts'
import { trimJson } from './json.ts'
import { type Bearer, isShort, parseJson, parseShort } from './json-body.ts'
import type { Level } from './log.ts'
import { gone, Work } from './turns.ts'

/** What a handler gets to know about a request. */
export interface Request extends Bearer {
  /** The id that the answer carries as `x-request-id` and that every line of the log about it has. */
  readonly id: string
  /** The values of the pattern's parameters, decoded: `/data/:id` gives `id`. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /**
   * The client's address: that at the other end of the connection, or the one that a trusted proxy there names. Headers
   * that claim another one are not believed: any client can send them.
   */
  readonly sourceIp: string
  /** The headers by their names in lowercase; one that came more than once is one text where HTTP allows it. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Writes a line that carries the request's id. */
  log(level: Level, message: string, fields?: Readonly<Record<string, unknown>>): void
  /** Whether the client has closed its side, so that nobody waits for an answer any more. */
  readonly gone: boolean
  /**
   * Is aborted, with an HttpError 499 as its reason, when the client goes before its answer is complete: for what takes
   * a signal.
   */
  readonly signal: AbortSignal
  /**
   * Reads the body, unpacked, at most the service's limit. Throws HttpError 413, 415, 400 and, when all bodies together
   * are too much, 503.
   */
  body(): Promise<Buffer>
  /** Reads and decodes the body. Throws HttpError as `body` does, and 400 when it is not UTF-8. */
  text(): Promise<string>
  /**
   * Reads and parses the body; undefined where it is empty. Its memory is taken before it is parsed, and what takes
   * long is parsed in pieces.
   *
   * @throws HttpError as `body` does; 400 when it is no JSON or nests deeper than `deepestJson`, 413 when it unpacks to
   *   more lists and objects than `mostContainers`
   */
  json(): Promise<unknown>
  /**
   * Reads a long body piece by piece, unpacked, as fast as the pieces are taken. What is held of it has to be reserved.
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
  readonly response: ServerResponse
  readonly addressOf: ClientAddress
  log(level: Level, message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** @param request as Polka gives it */
export function createRequest(request: PolkaRequest, options: RequestOptions): Request {
  return new PolkaBacked(request, options)
}

/**
 * A class, so that what a handler does not ask for costs nothing: most requests have no query and nobody looks at their
 * address.
 */
class PolkaBacked implements Request, Meter {
  readonly #request: PolkaRequest
  readonly #options: RequestOptions
  #received = 0
  #signal: AbortSignal | undefined

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
    return this.#options.addressOf(this.#request)
  }

  get headers(): Request['headers'] {
    return this.#request.headers
  }

  log(level: Level, message: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#options.log(level, message, { request_id: this.#options.id, ...fields })
  }

  get gone(): boolean {
    const { socket } = this.#request
    // A client that closes its side and still reads is taken for gone as well: from here both look the same.
    return this.#options.response.destroyed || socket.destroyed || socket.readableEnded
  }

  get signal(): AbortSignal {
    if (this.#signal) return this.#signal
    const { response } = this.#options
    const { socket } = this.#request
    const controller = new AbortController()
    const abort = () => {
      if (!response.writableFinished) controller.abort(gone())
    }
    if (this.gone) abort()
    socket.once('end', abort)
    response.once('close', () => {
      socket.off('end', abort)
      abort()
    })
    this.#signal = controller.signal
    return this.#signal
  }

  work(): Work {
    return new Work(() => this.gone)
  }

  get received(): number {
    return this.#received
  }

  arrived(bytes: number): void {
    this.#received += bytes
  }

  take(bytes: number): void {
    this.#options.account.take(bytes)
  }

  reserve(bytes: number): void {
    this.#options.account.take(bytes)
  }

  release(bytes: number): void {
    this.#options.account.give(bytes)
  }

  body(): Promise<Buffer> {
    return readBody(this.#request, this.#options.limit, this)
  }

  text(): Promise<string> {
    return readText(this.#request, this.#options.limit, this)
  }

  async json(): Promise<unknown> {
    const text = await this.text()
    if (trimJson(text) === '') return undefined
    return isShort(text) ? parseShort(text, this) : parseJson(text, this)
  }

  stream(limit: number): AsyncIterable<Buffer> {
    return streamBody(this.#request, limit, this)
  }
}
