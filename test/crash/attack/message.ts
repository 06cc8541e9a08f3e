import { gzipSync } from 'node:zlib'
import type { Connection } from './case.ts'

export interface MessageOptions {
  readonly method?: string
  readonly type?: string
  /** More lines of the head, without their ends. */
  readonly headers?: readonly string[]
  /** The body is gzip, and the head says so. */
  readonly packed?: boolean
}

/**
 * Every request says that it is the connection's last one, so that the end of the answer is the end of the connection.
 */
export function head(
  path: string,
  { method = 'POST', type = 'application/json', headers = [], packed = false }: MessageOptions,
  length?: number,
) {
  return [
    `${method} ${path} HTTP/1.1`,
    'Host: attacked',
    'Connection: close',
    ...(method === 'GET' ? [] : [`Content-Type: ${type}`]),
    ...(packed ? ['Content-Encoding: gzip'] : []),
    ...(length === undefined ? [] : [`Content-Length: ${length}`]),
    ...headers,
    '\r\n',
  ].join('\r\n')
}

/** A request with a body, by a client that takes the answer. */
export function post(path: string, body: string | Buffer, options: MessageOptions = {}): Connection {
  return { pieces: [head(path, options, Buffer.byteLength(body)), body] }
}

/** As `post`, with the body packed. */
export function packedPost(path: string, body: string | Buffer, options: MessageOptions = {}): Connection {
  return post(path, gzipSync(body), { ...options, packed: true })
}

/** A request for data. */
export function get(path: string, options: MessageOptions = {}): Connection {
  return { pieces: [head(path, { ...options, method: 'GET' })], asks: true }
}

/** The body as chunks of this size, as a client sends it that does not know its length. */
export function chunked(path: string, body: Buffer, size: number, options: MessageOptions = {}): Connection {
  const pieces: (string | Buffer)[] = [head(path, { ...options, headers: ['Transfer-Encoding: chunked', ...(options.headers ?? [])] })]
  for (let start = 0; start < body.length; start += size) {
    const piece = body.subarray(start, start + size)
    pieces.push(Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]))
  }
  return { pieces: [...pieces, '0\r\n\r\n'] }
}
