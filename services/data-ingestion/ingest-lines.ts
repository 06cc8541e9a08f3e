import { decodeText, parseJson } from '../kit/body.ts'
import { HttpError } from '../kit/http-error.ts'
import { Reply } from '../kit/reply.ts'
import type { Request } from '../kit/request.ts'
import { type Ingest, keep } from './ingest.ts'
import { checkRecord, readKey } from './input.ts'
import { type Line, linesOf } from './lines.ts'

/** What a stream of lines may cost: its bytes, its lines (each has an id in the answer) and one of its lines, in bytes. */
export const lineLimits = { bytes: 64 * 1024 * 1024, lines: 100_000, lineBytes: 1024 * 1024 }

/** How many errors are told; the rest is counted. */
const mostErrors = 100

/** How much is on its way to the disk before more is read, in records and in bytes. */
const window = { records: 500, bytes: 2 * 1024 * 1024 }

interface Tally {
  /** The ids of the kept records, in the order of their lines. */
  readonly ids: string[]
  readonly errors: { line: number; error: string }[]
  rejected: number
  lines: number
}

/**
 * Keeps one record a line, each for itself: a wrong line is told and the others are kept. Reads as fast as the records get to the disk.
 * With an Idempotency-Key each line is kept once, so that a stream that broke off can be sent again as a whole.
 *
 * @returns 201 when all lines were kept, 207 when some were, 400 when none was; when it had to be ended early, that error's status,
 *   with what had been kept until then
 */
export async function ingestLines(request: Request, ingest: Ingest): Promise<Reply> {
  const key = readKey(request.headers['idempotency-key'])
  const tally: Tally = { ids: [], errors: [], rejected: 0, lines: 0 }
  const timestamp = Date.now() / 1000
  try {
    for await (const lines of linesOf(request.stream(lineLimits.bytes), lineLimits.lineBytes)) {
      for (const some of windows(lines)) await keepLines(some, request.sourceIp, key, ingest, tally)
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

/** @throws HttpError when going on makes no sense: no room, no database, too many lines */
async function keepLines(lines: readonly Line[], sourceIp: string, key: string | undefined, ingest: Ingest, tally: Tally): Promise<void> {
  const outcomes = await Promise.allSettled(lines.map((line) => keepLine(line, sourceIp, key, ingest)))
  let fatal: unknown
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.status === 'fulfilled' && outcome.value === undefined) continue
    tally.lines++
    if (outcome.status === 'fulfilled') {
      tally.ids.push(outcome.value!)
      continue
    }
    const error: unknown = outcome.reason
    const known = error instanceof HttpError && (error.status === 400 || error.status === 422 || error.status === 413)
    if (!known) fatal ??= error
    tally.rejected++
    if (tally.errors.length < mostErrors)
      tally.errors.push({ line: lines[index]!.number, error: error instanceof HttpError ? error.message : 'Internal server error' })
  }
  if (fatal !== undefined) throw fatal
  if (tally.lines >= lineLimits.lines) throw new HttpError(413, `A stream may have at most ${lineLimits.lines} lines`)
}

/** @returns the id; undefined for a line with nothing in it, such as the one after the last line break */
async function keepLine({ number, bytes }: Line, sourceIp: string, key: string | undefined, ingest: Ingest): Promise<string | undefined> {
  if (!bytes) throw new HttpError(413, `The line is longer than ${lineLimits.lineBytes} bytes`)
  const text = decodeText(bytes).trim()
  if (text === '') return undefined
  checkRecord(parseJson(text), ingest.check)
  // A header holds no line break, so no other key can look like this one.
  const lineKey = key === undefined ? undefined : `${key}\n${number}`
  const { ids } = await keep(ingest.store, [text], sourceIp, lineKey, (seconds) => ingest.observe(seconds, [bytes.length]))
  return ids[0]
}
