import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Work } from './turns.ts'

/** An answer that is more than 200 and JSON. */
export interface ReplyOptions {
  /** 200 where nothing else is said. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** The content type; `application/json; charset=utf-8` where nothing else is said. */
  readonly type?: string
}

/** Parts of a text; asynchronous where each has to be waited for. */
export type Pieces = Iterable<string> | AsyncIterable<string>

/**
 * What a handler returns when a plain value, which is answered as JSON with status 200, is not enough. Its body is a
 * value to be sent as JSON, a text of another type, or pieces of text that are made and sent one after the other, so
 * that a long answer never stands in memory as a whole.
 */
export class Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly content: string | Pieces

  private constructor(content: string | Pieces, { status = 200, headers = {}, type = json }: ReplyOptions) {
    this.status = status
    this.headers = { 'content-type': type, ...headers }
    this.content = content
  }

  /** A value as JSON; one that JSON cannot show, such as undefined, is a bug and throws. */
  static json(value: unknown, options: Omit<ReplyOptions, 'type'> = {}): Reply {
    const text = JSON.stringify(value)
    if (text === undefined) throw new TypeError('A handler returned nothing that JSON can show.')
    return new Reply(text, options)
  }

  /** A text of the given type, or one that is JSON already. */
  static text(content: string, options: ReplyOptions = {}): Reply {
    return new Reply(content, options)
  }

  /** Pieces of a text, taken only as fast as the client reads. */
  static stream(pieces: Pieces, options: ReplyOptions = {}): Reply {
    return new Reply(pieces, options)
  }
}

const json = 'application/json; charset=utf-8'

/**
 * Sends an answer; resolves when the last piece has been handed to the connection, or when the client has gone.
 *
 * @param always headers that every answer has, such as the request's id
 * @throws what the pieces throw; the connection is cut then, so that the client cannot take the part for the whole
 */
export async function send(response: ServerResponse, reply: Reply, always: Readonly<Record<string, string>>): Promise<void> {
  if (response.destroyed) return
  // The content is what its type says and nothing that a browser guesses: some of it came from clients.
  const headers = { ...reply.headers, 'x-content-type-options': 'nosniff', ...always }
  if (typeof reply.content === 'string') {
    response.writeHead(reply.status, { ...headers, 'content-length': Buffer.byteLength(reply.content) })
    if (response.req.complete || response.shouldKeepAlive) response.end(reply.content)
    else await endLate(response, reply.content)
    return
  }
  response.writeHead(reply.status, headers)
  try {
    // One piece ahead and not sixteen, the default for objects: a piece may be a megabyte.
    await pipeline(Readable.from(inTurns(reply.content), { highWaterMark: 1 }), response)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ERR_STREAM_PREMATURE_CLOSE' && code !== 'ERR_STREAM_UNABLE_TO_PIPE' && code !== 'ECONNRESET' && code !== 'EPIPE')
      throw error
  }
}

/**
 * The pieces, with a turn for the others as often as they have kept the event loop for as long as they may. A client
 * that takes what comes as fast as it is made would have the service to itself: no piece waits for anything then.
 */
async function* inTurns(pieces: Pieces): AsyncGenerator<string> {
  const work = new Work()
  for await (const piece of pieces) {
    yield piece
    if (work.due) await work.pause()
  }
}

/** How long an answer waits for the rest of its request before its connection is closed, in ms. */
const lingerMs = 5000

/**
 * Ends an answer that comes before its request has arrived as a whole, such as a 413. It would be lost where the
 * connection is closed with it: what the client still sends is then answered with a reset, which takes along what it
 * has not read. So the rest is read and thrown away first.
 */
async function endLate(response: ServerResponse, content: string): Promise<void> {
  response.write(content)
  await new Promise<void>((resolve) => {
    const late = setTimeout(resolve, lingerMs)
    const done = () => {
      clearTimeout(late)
      resolve()
    }
    response.req.once('end', done).once('close', done).resume()
  })
  response.end()
}
