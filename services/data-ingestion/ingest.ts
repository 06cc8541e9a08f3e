import { createHash } from 'node:crypto'
import { HttpError } from '../kit/http-error.ts'
import { trimJson } from '../kit/json.ts'
import { parseJson } from '../kit/json-body.ts'
import { Reply } from '../kit/reply.ts'
import type { Request } from '../kit/request.ts'
import type { CheckSchema } from '../kit/schema.ts'
import { elementTexts } from './elements.ts'
import { checkRecord, readDryRun, readKey } from './input.ts'
import { ClaimConflictError, type Kept, type Store, StoreFullError, StoreUnavailableError } from './store.ts'
import { isoTime } from './time.ts'

/** Is told of records that are newly kept: how long that took, in seconds, and how large each is, in bytes. */
export type Observe = (seconds: number, bytes: readonly number[]) => void

export interface Ingest {
  readonly store: Store
  readonly check: CheckSchema | undefined
  readonly observe: Observe
}

/** More records than this would hold up everybody else for the time that they take. */
const mostElements = 10_000

/**
 * Keeps one object, or an array of them all or nothing. Answers 201 when they are on the disk; 200 to a dry run, when
 * they could be written and nothing is left of them.
 */
export async function ingestJson(request: Request, { store, check, observe }: Ingest): Promise<Reply> {
  const dryRun = readDryRun(request.query)
  const key = dryRun ? undefined : readKey(request.headers['idempotency-key'])
  const text = trimJson(await request.text())
  const several = text.startsWith('[')
  const texts = several ? await readElements(text, request, check) : [text]
  if (!several) checkRecord(text === '' ? undefined : await parseJson(text, request), text, check)
  if (dryRun) {
    const { timestamp } = await keep(store, texts, request, key, () => undefined, dryRun)
    return Reply.json({ status: 'success', dry_run: true, timestamp: isoTime(timestamp) })
  }
  const { first, count, timestamp, repeated } = await keep(store, texts, request, key, (seconds) =>
    observe(
      seconds,
      texts.map((one) => Buffer.byteLength(one)),
    ),
  )
  const ids = several ? { ids: Array.from({ length: count }, (_, index) => first + index) } : { id: first }
  const answer = { status: 'success', ...ids, timestamp: isoTime(timestamp) }
  return Reply.json(answer, { status: 201, ...(repeated && { headers: { 'idempotent-replayed': 'true' } }) })
}

/** @throws HttpError 400 when a record is none, 413 when there are too many for one request, or for what was sent */
async function readElements(text: string, request: Request, check: CheckSchema | undefined): Promise<string[]> {
  const most = Math.min(mostElements, mostRecords(request.received))
  const texts = await elementTexts(text, most, request, (record, element, index) => checkRecord(record, element, check, `[${index}]: `))
  if (texts.length === 0) checkRecord(texts, text)
  request.reserve(recordBytes * texts.length)
  return texts
}

/**
 * How many records a request may bring by what came over the wire, in bytes. Plain JSON cannot hold as many; a kilobyte
 * of gzip may unpack to ten thousand of the same.
 */
export const mostRecords = (received: number) => 500 + received

/**
 * What a record takes in memory beside its text, in bytes: its id in the answer, and its place in the lists that it
 * goes through.
 */
export const recordBytes = 300

/**
 * Keeps records together or not at all, or finds them kept under the same key before.
 *
 * @param texts one JSON text a record
 * @param request where they come from
 * @param observe is told how long it took, in seconds, where something was newly kept
 * @param dryRun whether they are taken back
 * @throws HttpError 422 when the key stands for other data, 507 when there is no room, 503 when the database cannot be
 *   reached
 */
export async function keep(
  store: Store,
  texts: readonly string[],
  { sourceIp }: Pick<Request, 'sourceIp'>,
  key: string | undefined,
  observe: (seconds: number) => void,
  dryRun = false,
): Promise<Kept> {
  const claim = key === undefined ? undefined : { key, fingerprint: fingerprintOf(texts) }
  const started = performance.now()
  const kept = await store.append({ texts, timestamp: Date.now() / 1000, sourceIp, claim, dryRun }).catch((error) => {
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
