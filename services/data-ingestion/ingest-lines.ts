import { decodeText } from '../kit/body.ts'
import { HttpError } from '../kit/http-error.ts'
import { lookOver, trimJson } from '../kit/json.ts'
import { checkCounts, visitJson } from '../kit/json-body.ts'
import { Reply } from '../kit/reply.ts'
import type { Request } from '../kit/request.ts'
import { type Ingest, keep, mostRecords, recordBytes } from './ingest.ts'
import { checkRecord, readDryRun, readKey } from './input.ts'
import { type Line, linesOf } from './lines.ts'
import { isoTime } from './time.ts'

/**
 * What a stream of lines may cost: its bytes, its lines (each has an id in the answer, and an empty one is a line as
 * well) and one of its lines, in bytes.
 */
export const lineLimits = { bytes: 64 * 1024 * 1024, lines: 100_000, lineBytes: 1024 * 1024 }

/** How many errors are told; the rest is counted. */
const mostErrors = 100

/** How much is on its way to the disk before more is read, in records and in bytes. */
const window = { records: 500, bytes: 512 * 1024 }

/**
 * What a byte of a line takes in memory while it is kept: in its buffer, as a text whose characters may take two bytes,
 * and on its way to the writer.
 */
const lineFactor = 5

/** What the tally of a line takes until the answer has been sent, in bytes: its id, there and in the answer. */
const tallyBytes = 120

interface Tally {
  /** The ids of the kept records, in the order of their lines. */
  readonly ids: number[]
  readonly errors: { line: number; error: string }[]
  rejected: number
  lines: number
  /** Lines that were looked at: those of nothing but space cost something as well. */
  looked: number
  /** Lists and objects in all of them. */
  containers: number
  strings: number
  commas: number
}

/**
 * Keeps one record a line, each for itself: a wrong line is told and the others are kept. Reads as fast as the records
 * get to the disk. With an Idempotency-Key each line is kept once, so that a stream that broke off can be sent again as
 * a whole.
 *
 * @returns 201 when all lines were kept, 207 when some were, 400 when none was; when it had to be ended early, that
 *   error's status, with what had been kept until then
 */
export async function ingestLines(request: Request, ingest: Ingest): Promise<Reply> {
  const key = readKey(request.headers['idempotency-key'])
  if (readDryRun(request.query)) throw new HttpError(400, 'A dry run takes JSON, not lines')
  const tally: Tally = { ids: [], errors: [], rejected: 0, lines: 0, looked: 0, containers: 0, strings: 0, commas: 0 }
  const timestamp = isoTime(Date.now() / 1000)
  try {
    // What is held of a line that has not come to its end counts as well: it may be a megabyte, of each of many
    // clients.
    const work = request.work()
    const hold = (bytes: number) => (bytes > 0 ? request.reserve(bytes) : request.release(-bytes))
    for await (const lines of linesOf(request.stream(lineLimits.bytes), lineLimits, hold)) {
      for (const some of windows(lines)) await keepLines(some, request, key, ingest, tally)
      // Of empty lines nothing comes that would be waited for.
      if (work.due) await work.pause()
    }
  } catch (error) {
    if (!(error instanceof HttpError) || tally.lines === 0) throw error
    return report(tally, { error: error.message, timestamp }, error.status, error.headers)
  }
  if (tally.lines === 0) throw new HttpError(400, 'No data provided')
  if (tally.rejected === 0) return report(tally, { status: 'success', timestamp }, 201)
  if (tally.ids.length > 0) return report(tally, { status: 'partial', timestamp }, 207)
  return report(tally, { error: 'None of the lines could be kept', timestamp }, 400)
}

function report(
  tally: Tally,
  head: Readonly<Record<string, unknown>>,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  const { ids, rejected, errors } = tally
  return Reply.json({ ...head, accepted: ids.length, rejected, ids, errors }, { status, headers })
}

/** Cuts lines into parts that are kept one after the other. */
function* windows(lines: readonly Line[]): Generator<Line[]> {
  let part: Line[] = []
  let bytes = 0
  for (const line of lines) {
    part.push(line)
    bytes += line.bytes?.length ?? 0
    if (part.length < window.records && bytes < window.bytes) continue
    yield part
    part = []
    bytes = 0
  }
  if (part.length > 0) yield part
}

/**
 * @throws HttpError when going on makes no sense: no room, no memory, no database, too many lines, nobody who waits for
 *   an answer
 */
async function keepLines(some: readonly Line[], request: Request, key: string | undefined, ingest: Ingest, tally: Tally): Promise<void> {
  // Those that are too many are not even looked at.
  const lines = some.slice(0, mostRecords(request.received) - tally.looked)
  const held = lines.reduce((sum, { bytes }) => sum + recordBytes + lineFactor * (bytes?.length ?? 0), 0)
  request.reserve(held)
  // Until the answer: what is told of each.
  request.reserve(tallyBytes * lines.length)
  try {
    const work = request.work()
    const keeping: { number: number; kept: Promise<number> }[] = []
    for (const line of lines) {
      if (work.due) await work.pause()
      const text = await readLine(line, request, ingest, tally).catch((error: unknown) => error as Error)
      if (text === undefined) continue
      const kept = typeof text === 'string' ? keepLine(text, line, request, key, ingest) : Promise.reject(text)
      keeping.push({ number: line.number, kept })
      // What comes of it is looked at below; here nobody would.
      kept.catch(() => {})
      if (isFatal(text)) break
    }
    await settle(keeping, tally)
    tally.looked += lines.length
    if (lines.length < some.length)
      throw new HttpError(413, `The lines are more than ${mostRecords(request.received)}, which is too many for what was sent`)
  } finally {
    request.release(held)
  }
}

/** Counts what came of the lines. @throws the first error that is no single line's */
async function settle(keeping: readonly { number: number; kept: Promise<number> }[], tally: Tally): Promise<void> {
  const outcomes = await Promise.allSettled(keeping.map(({ kept }) => kept))
  let fatal: unknown
  for (const [index, outcome] of outcomes.entries()) {
    tally.lines++
    if (outcome.status === 'fulfilled') {
      tally.ids.push(outcome.value)
      continue
    }
    const error: unknown = outcome.reason
    if (isFatal(error)) fatal ??= error
    tally.rejected++
    if (tally.errors.length < mostErrors)
      tally.errors.push({ line: keeping[index]!.number, error: error instanceof HttpError ? error.message : 'Internal server error' })
  }
  if (fatal !== undefined) throw fatal
}

/** Whether an error says something of more than the line that it came from. */
function isFatal(error: unknown): boolean {
  return error instanceof Error && !(error instanceof HttpError && [400, 413, 422].includes(error.status))
}

/**
 * @returns its text; undefined for a line with nothing in it but space
 * @throws HttpError when it is no record
 */
async function readLine({ bytes }: Line, request: Request, ingest: Ingest, tally: Tally): Promise<string | undefined> {
  if (!bytes) throw new HttpError(413, `The line is longer than ${lineLimits.lineBytes} bytes`)
  const text = trimJson(decodeText(bytes))
  if (text === '') return undefined
  const extent = await lookOver(text, request)
  tally.containers += extent.containers
  tally.strings += extent.strings
  tally.commas += extent.commas
  checkCounts(tally, request)
  await visitJson(text, extent, request, (value) => checkRecord(value, text, ingest.check))
  return text
}

/** @returns its id */
async function keepLine(text: string, { number, bytes }: Line, request: Request, key: string | undefined, ingest: Ingest): Promise<number> {
  // A header holds no line break, so no other key can look like this one.
  const lineKey = key === undefined ? undefined : `${key}\n${number}`
  const { first } = await keep(ingest.store, [text], request, lineKey, (seconds) => ingest.observe(seconds, [bytes!.length]))
  return first
}
