import type { IncomingMessage } from 'node:http'
import { HttpError } from './http-error.ts'

/**
 * Reads a request's body.
 *
 * What comes in beyond the limit is read and thrown away while the client is told: an answer followed by a closed connection is
 * lost where the client is still sending. The server's request timeout ends a client that never stops.
 *
 * @param limit in bytes
 * @throws HttpError 413 when the body is longer, 400 when the client goes away before its end
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const tooLong = () => {
      request.off('data', take).off('end', done)
      request.resume()
      reject(new HttpError(413, `The request body is longer than ${limit} bytes`))
    }
    const pieces: Buffer[] = []
    let bytes = 0
    const take = (piece: Buffer) => {
      bytes += piece.length
      if (bytes > limit) tooLong()
      else pieces.push(piece)
    }
    const done = () => resolve(Buffer.concat(pieces, bytes))
    request.on('data', take).on('end', done)
    // Stays until the request is forgotten: an error after the answer has nobody else to go to.
    request.on('error', () => reject(new HttpError(400, 'The request body ended early')))
    if (Number(request.headers['content-length'] ?? 0) > limit) tooLong()
  })
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Decodes a body. Throws HttpError 400 when it is not UTF-8. */
export function decodeText(body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch {
    throw new HttpError(400, 'The request body is malformed: it is not UTF-8')
  }
}

/**
 * Parses a body as JSON.
 *
 * @returns undefined where it is empty or white space only
 * @throws HttpError 400 when it is not JSON
 */
export function parseJson(text: string): unknown {
  if (text.trim() === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    throw new HttpError(400, 'The request body is malformed JSON')
  }
}
