import { createHash } from 'node:crypto'
import { decodeText, parseJson } from '../kit/body.ts'
import { HttpError } from '../kit/http-error.ts'
import { Reply } from '../kit/reply.ts'
import type { Request } from '../kit/request.ts'
import type { CheckSchema } from '../kit/schema.ts'
import { elementTexts } from './array.ts'
import { checkRecord, isEmpty, readKey } from './input.ts'
import { recordId } from './record-id.ts'
import { ClaimConflictError, type Kept, type Store, StoreFullError, StoreUnavailableError } from './store.ts'

/** Is told of records that are newly kept: how long that took, in seconds, and how large each is, in bytes. */
export type Observe = (seconds: number, bytes: readonly number[]) => void

export interface Ingest {
  readonly store: Store
  readonly check: CheckSchema | undefined
  readonly observe: Observe
}

/** More records than this would hold up everybody else for the time that they take. */
const mostElements = 10_000

/** Keeps one object, or an array of them all or nothing. Answers 201 when they are on the disk. */
export async function ingestJson(request: Request, { store, check, observe }: Ingest): Promise<Reply> {
  const key = readKey(request.headers['idempotency-key'])
  const body = await request.body()
  const text = decodeText(body).trim()
  const value = parseJson(text)
  const several = Array.isArray(value) && !isEmpty(value)
  if (several) {
    if (value.length > mostElements)
      throw new HttpError(413, `An array may have at most ${mostElements} records; newline-delimited JSON may have more`)
    for (const [index, record] of value.entries()) checkRecord(record, check, `[${index}]: `)
  } else checkRecord(value, check)
  const texts = several ? elementTexts(text) : [text]
  const { ids, timestamp, repeated } = await keep(store, texts, request.sourceIp, key, (seconds) =>
    observe(seconds, several ? texts.map((one) => Buffer.byteLength(one)) : [body.length]),
  )
  const answer = several ? { status: 'success', ids, timestamp } : { status: 'success', id: ids[0], timestamp }
  return Reply.json(answer, { status: 201, ...(repeated && { headers: { 'idempotent-replayed': 'true' } }) })
}

/**
 * Keeps records together or not at all, or finds them kept under the same key before.
 *
 * @param texts one JSON text a record
 * @param observe is told how long it took, in seconds, where something was newly kept
 * @throws HttpError 422 when the key stands for other data, 507 when there is no room, 503 when the database cannot be reached
 */
export async function keep(
  store: Store,
  texts: readonly string[],
  sourceIp: string,
  key: string | undefined,
  observe: (seconds: number) => void,
): Promise<Kept> {
  const records = texts.map((data) => ({ id: recordId(), data }))
  const claim = key === undefined ? undefined : { key, fingerprint: fingerprintOf(texts) }
  const started = performance.now()
  const kept = await store.append({ records, timestamp: Date.now() / 1000, sourceIp, claim }).catch((error) => {
    throw toHttpError(error)
  })
  if (!kept.repeated) observe((performance.now() - started) / 1000)
  return kept
}

/** What the client is told when the store refuses. Every other error stays what it is: a bug. */
export function toHttpError(error: unknown): unknown {
  if (error instanceof ClaimConflictError) return new HttpError(422, 'This Idempotency-Key was used for other data before')
  if (error instanceof StoreFullError) return new HttpError(507, 'There is no room for another record')
  if (error instanceof StoreUnavailableError)
    return new HttpError(503, 'The database cannot be reached; with an Idempotency-Key it is safe to send this again', {
      'retry-after': '1',
    })
  return error
}

function fingerprintOf(texts: readonly string[]): string {
  const hash = createHash('sha256')
  // No JSON text begins with this character, so that texts cannot be taken for others that are cut elsewhere.
  for (const text of texts) hash.update(text).update('\0')
  return hash.digest('base64')
}
