import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { TextDecoder } from 'node:util'
import { createGunzip } from 'node:zlib'
import { HttpError } from './http-error.ts'

/** Is told of a body as it arrives, and may throw where that is too much. */
export interface Meter {
  /** So many bytes have come over the wire. */
  arrived(bytes: number): void
  /** So many bytes of memory are needed for it. */
  take(bytes: number): void
}

/**
 * Reads a request's body and unpacks it where it is packed with gzip. The limit holds for what comes over the wire and
 * for what it unpacks to.
 *
 * What comes in beyond the limit is read and thrown away while the client is told: an answer followed by a closed
 * connection is lost where the client is still sending. The server's request timeout ends a client that never stops.
 *
 * @param limit in bytes
 * @throws HttpError 413 when the body is longer, 400 when the client goes away before its end or what it sends is not
 *   gzip as stated, 415 when it is packed in another way; and what the meter throws
 */
export async function readBody(request: IncomingMessage, limit: number, meter: Meter): Promise<Buffer> {
  const pieces: Buffer[] = []
  const take = (piece: Buffer) => {
    // For the piece, and for its place in the whole.
    meter.take(2 * piece.length)
    pieces.push(piece)
  }
  await (isPacked(request) ? readPacked(request, limit, meter, take) : readWire(request, limit, meter, take))
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
}

/**
 * Reads a request's body as `readBody` does, and decodes it as it arrives, so that it is never there as bytes and as a
 * text at once.
 *
 * @throws as `readBody` does, and HttpError 400 when it is not UTF-8
 */
export async function readText(request: IncomingMessage, limit: number, meter: Meter): Promise<string> {
  let first: Buffer | undefined
  let decoder: TextDecoder | undefined
  let text = ''
  const take = (piece: Buffer) => {
    // Of each character two bytes at most, here and in the one text that the parts become.
    meter.take(piece.length < smallPiece ? 2 * piece.length : 3 * piece.length)
    if (first === undefined && !decoder) {
      first = piece
      return
    }
    decoder ??= new TextDecoder('utf-8', { fatal: true })
    if (first) text += decode(decoder, first, true)
    first = undefined
    text += decode(decoder, piece, true)
  }
  // Most bodies are not packed, and another promise for each would show.
  await (isPacked(request) ? readPacked(request, limit, meter, take) : readWire(request, limit, meter, take))
  // Most bodies are one piece.
  if (!decoder) return first ? decodeText(first) : ''
  return text + decode(decoder, undefined, false)
}

/** A text of several parts is put together before it is read; one of a single piece is not. */
const smallPiece = 16 * 1024

function decode(decoder: TextDecoder, piece: Buffer | undefined, stream: boolean): string {
  try {
    return decoder.decode(piece, { stream })
  } catch {
    throw notUtf8()
  }
}

/** Gives the pieces of a packed body, unpacked, to `take`, which may throw. */
async function readPacked(request: IncomingMessage, limit: number, meter: Meter, take: (piece: Buffer) => void): Promise<void> {
  const packed: Buffer[] = []
  await readWire(request, limit, meter, (piece) => {
    meter.take(piece.length)
    packed.push(piece)
  })
  if (packed.length === 0) return
  const gunzip = createGunzip()
  for (const piece of packed) gunzip.write(piece)
  gunzip.end()
  try {
    for await (const piece of counted(gunzip as AsyncIterable<Buffer>, limit)) take(piece)
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code?.startsWith('Z_') ? notGzip() : error
  }
}

function readWire(request: IncomingMessage, limit: number, meter: Meter, use: (piece: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: unknown) => {
      request.off('data', take).off('end', resolve)
      request.resume()
      reject(error)
    }
    let bytes = 0
    const take = (piece: Buffer) => {
      bytes += piece.length
      try {
        if (bytes > limit) throw tooLong(limit)
        meter.arrived(piece.length)
        use(piece)
      } catch (error) {
        refuse(error)
      }
    }
    request.on('data', take).on('end', resolve)
    // Stays until the request is forgotten: an error after the answer has nobody else to go to.
    request.on('error', () => reject(endedEarly()))
    if (Number(request.headers['content-length'] ?? 0) > limit) refuse(tooLong(limit))
  })
}

/**
 * Reads a request's body piece by piece, as fast as the pieces are taken, and unpacks it as `readBody` does. Whoever
 * stops early need not mind the rest: it is read and thrown away.
 *
 * @param limit in bytes, on the wire and unpacked
 * @param meter is told of what comes over the wire; what is taken for it is whoever reads it to say
 * @throws as `readBody` does
 */
export async function* streamBody(request: IncomingMessage, limit: number, meter: Pick<Meter, 'arrived'>): AsyncGenerator<Buffer> {
  const packed = isPacked(request)
  request.on('error', () => {})
  try {
    if (packed) yield* counted(unpacked(request, limit, meter), limit)
    else yield* wirePieces(request, limit, meter)
  } finally {
    request.resume()
  }
}

async function* unpacked(request: IncomingMessage, limit: number, meter: Pick<Meter, 'arrived'>): AsyncGenerator<Buffer> {
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

async function* wirePieces(request: IncomingMessage, limit: number, meter: Pick<Meter, 'arrived'>): AsyncGenerator<Buffer> {
  try {
    // The usual iterator would close the connection when the loop ends early, and with it the way back for the answer.
    for await (const piece of counted(request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>, limit)) {
      meter.arrived(piece.length)
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
const notUtf8 = () => new HttpError(400, 'The request body is malformed: it is not UTF-8')
const notGzip = () => new HttpError(400, 'The request body is not gzip, as its content encoding says')

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Decodes a body. Throws HttpError 400 when it is not UTF-8. */
export function decodeText(body: Uint8Array): string {
  try {
    return utf8.decode(body)
  } catch {
    throw notUtf8()
  }
}
