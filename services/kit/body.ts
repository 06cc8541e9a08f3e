import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { HttpError } from './http-error.ts'

/** Is told of a body as it arrives, and may throw where that is too much. */
export interface Meter {
  /** So many bytes have come over the wire. */
  received(bytes: number): void
  /** So many bytes of memory are needed for it. */
  take(bytes: number): void
}

/**
 * Reads a request's body and unpacks it where it is packed with gzip. The limit holds for what comes over the wire and for what it unpacks to.
 *
 * What comes in beyond the limit is read and thrown away while the client is told: an answer followed by a closed connection is
 * lost where the client is still sending. The server's request timeout ends a client that never stops.
 *
 * @param limit in bytes
 * @throws HttpError 413 when the body is longer, 400 when the client goes away before its end or what it sends is not gzip as stated,
 *   415 when it is packed in another way; and what the meter throws
 */
export async function readBody(request: IncomingMessage, limit: number, meter: Meter): Promise<Buffer> {
  const packed = isPacked(request)
  const wire = await readWire(request, limit, meter)
  if (!packed || wire.length === 0) return wire
  const gunzip = createGunzip()
  gunzip.end(wire)
  const pieces: Buffer[] = []
  let bytes = 0
  try {
    for await (const piece of counted(gunzip as AsyncIterable<Buffer>, limit)) {
      bytes += piece.length
      // For the piece, and for its place in the whole.
      meter.take(2 * piece.length)
      pieces.push(piece)
    }
  } catch (error) {
    throw error instanceof HttpError ? error : notGzip()
  }
  return Buffer.concat(pieces, bytes)
}

function readWire(request: IncomingMessage, limit: number, meter: Meter): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const refuse = (error: unknown) => {
      request.off('data', take).off('end', done)
      request.resume()
      reject(error)
    }
    const pieces: Buffer[] = []
    let bytes = 0
    const take = (piece: Buffer) => {
      bytes += piece.length
      try {
        if (bytes > limit) throw tooLong(limit)
        meter.received(piece.length)
        meter.take(piece.length)
        pieces.push(piece)
      } catch (error) {
        refuse(error)
      }
    }
    const done = () => resolve(pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, bytes))
    request.on('data', take).on('end', done)
    // Stays until the request is forgotten: an error after the answer has nobody else to go to.
    request.on('error', () => reject(endedEarly()))
    if (Number(request.headers['content-length'] ?? 0) > limit) refuse(tooLong(limit))
  })
}

/**
 * Reads a request's body piece by piece, as fast as the pieces are taken, and unpacks it as `readBody` does. Whoever stops early need not
 * mind the rest: it is read and thrown away.
 *
 * @param limit in bytes, on the wire and unpacked
 * @param meter is told of what comes over the wire; what is taken for it is whoever reads it to say
 * @throws as `readBody` does
 */
export async function* streamBody(request: IncomingMessage, limit: number, meter: Pick<Meter, 'received'>): AsyncGenerator<Buffer> {
  const packed = isPacked(request)
  request.on('error', () => {})
  try {
    if (packed) yield* counted(unpacked(request, limit, meter), limit)
    else yield* wirePieces(request, limit, meter)
  } finally {
    request.resume()
  }
}

async function* unpacked(request: IncomingMessage, limit: number, meter: Pick<Meter, 'received'>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip()
  let cause: unknown
  // An error on the wire destroys the unpacker with it; what is left is that the bytes are no gzip.
  const piped = pipeline(wirePieces(request, limit, meter), gunzip).catch((error) => {
    cause = error
  })
  try {
    yield* gunzip as AsyncIterable<Buffer>
  } catch (error) {
    await piped
    if (cause instanceof HttpError) throw cause
    throw (error as NodeJS.ErrnoException).code?.startsWith('Z_') ? notGzip() : error
  }
}

async function* wirePieces(request: IncomingMessage, limit: number, meter: Pick<Meter, 'received'>): AsyncGenerator<Buffer> {
  try {
    // The usual iterator would close the connection when the loop ends early, and with it the way back for the answer.
    for await (const piece of counted(request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>, limit)) {
      meter.received(piece.length)
      yield piece
    }
  } catch (error) {
    throw error instanceof HttpError ? error : endedEarly()
  }
}

async function* counted(pieces: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const piece of pieces) {
    bytes += piece.length
    if (bytes > limit) throw tooLong(limit)
    yield piece
  }
}

/** @throws HttpError 415 when it is packed in a way that we do not know */
function isPacked(request: IncomingMessage): boolean {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (encoding === 'identity' || encoding === '') return false
  if (encoding === 'gzip' || encoding === 'x-gzip') return true
  request.resume()
  throw new HttpError(415, `The content encoding is ${JSON.stringify(encoding.slice(0, 40))}, expected gzip or none`, {
    'accept-encoding': 'gzip',
  })
}

const tooLong = (limit: number) => new HttpError(413, `The request body is longer than ${limit} bytes`)
const endedEarly = () => new HttpError(400, 'The request body ended early')
const notGzip = () => new HttpError(400, 'The request body is not gzip, as its content encoding says')

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Decodes a body. Throws HttpError 400 when it is not UTF-8. */
export function decodeText(body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch {
    throw new HttpError(400, 'The request body is malformed: it is not UTF-8')
  }
}
