import { HttpError } from './http-error.ts'
import { deepestJson, isLight, lookOver, parseInPieces } from './json.ts'
import { type Extent, memoryOf } from './json-extent.ts'
import type { Work } from './turns.ts'

/** The request whose body, or a part of it, is parsed: what may be spent on that, and how. */
export interface Bearer {
  /**
   * For work that keeps the event loop for long: it is done in pieces, and ends with an HttpError 499 when the client
   * has gone.
   */
  work(): Work
  /**
   * How many bytes of the body have come over the wire: what may be spent on a request goes by what was spent on
   * sending it.
   */
  readonly received: number
  /**
   * Takes memory, in bytes, for what is made of the body; it is given back when the answer has ended.
   *
   * @throws HttpError 503 with `Retry-After` when there is not as much left
   */
  reserve(bytes: number): void
  /** Gives memory back before. */
  release(bytes: number): void
}

/**
 * A text that is shorter cannot nest too deep: each list that is opened is closed as well. Nor is it worth being looked
 * over.
 */
const shortText = 2 * (deepestJson + 1)

/**
 * A text from this length on waits for its turn before it is looked over: many that have arrived together would keep
 * the event loop for the sum of what each takes.
 */
const longText = 64 * 1024

/** What the values of a short text take at most, in bytes for each of its characters: lists in lists are the worst. */
const worstFactor = 28

/**
 * How many lists and objects a body may hold by what came over the wire, in bytes. Plain JSON cannot hold as many; a
 * kilobyte of gzip may unpack to a third of a million, which nobody means and which would cost a hundred times what
 * they have cost to send.
 */
export const mostContainers = (received: number) => 1000 + 20 * received

/** How many strings, names among them, likewise: each costs about as much as a list. */
export const mostStrings = (received: number) => 10_000 + 50 * received

/** How many values of any kind, by the commas between them: a zero is cheap, half a million of them are not. */
export const mostCommas = (received: number) => 100_000 + 100 * received

/**
 * Parses a text that a request has brought.
 *
 * @returns its value; the memory for it has been taken from the request's
 * @throws HttpError 400 when it is no JSON or nests deeper than `deepestJson`, 413 when it holds more lists and objects
 *   than `mostContainers`, more strings than `mostStrings` or more values than `mostCommas`, 503 when there is no
 *   memory left for it, 499 when the client has gone
 */
export async function parseJson(text: string, request: Bearer): Promise<unknown> {
  if (isShort(text)) return parseShort(text, request)
  try {
    const work = text.length >= longText ? request.work() : undefined
    await work?.pause()
    const extent = await lookOver(text, request)
    checkCounts(extent, request)
    request.reserve(memoryOf(extent))
    const value = isLight(extent, text) ? JSON.parse(text) : await parseInPieces(text, extent, work ?? request.work())
    // Whoever gets it looks at all of it.
    await work?.pause()
    return value
  } catch (error) {
    throw error instanceof SyntaxError ? malformed() : error
  }
}

/** Whether a text may be parsed without being looked over. */
export function isShort({ length }: { readonly length: number }): boolean {
  return length < shortText
}

/** As `parseJson`, for a short text. */
export function parseShort(text: string, request: Pick<Bearer, 'reserve'>): unknown {
  request.reserve(worstFactor * text.length)
  try {
    return JSON.parse(text)
  } catch {
    throw malformed()
  }
}

/**
 * Parses a part of a body whose value is looked at and not kept, so that the memory for it is taken for that long only.
 *
 * @param extent of this text, which has been looked over
 * @param look is given the value
 * @throws as `parseJson` does, and what `look` throws
 */
export async function visitJson(text: string, extent: Extent, request: Bearer, look: (value: unknown) => void): Promise<void> {
  const light = isLight(extent, text)
  const bytes = light ? 0 : memoryOf(extent)
  request.reserve(bytes)
  try {
    if (text.length >= longText) await request.work().pause()
    look(light ? JSON.parse(text) : await parseInPieces(text, extent, request.work()))
  } catch (error) {
    throw error instanceof SyntaxError ? malformed() : error
  } finally {
    request.release(bytes)
  }
}

/** What is counted of all that a body holds. */
export type Counts = Pick<Extent, 'containers' | 'strings' | 'commas'>

/** @throws HttpError 413 when there are more than `mostContainers`, `mostStrings` or `mostCommas` */
export function checkCounts({ containers, strings, commas }: Counts, { received }: Pick<Bearer, 'received'>): void {
  const tooMany = (count: number, what: string, most: number) =>
    new HttpError(413, `The request body unpacks to ${count} ${what}, expected at most ${most} for its size`)
  if (containers > mostContainers(received)) throw tooMany(containers, 'lists and objects', mostContainers(received))
  if (strings > mostStrings(received)) throw tooMany(strings, 'strings', mostStrings(received))
  if (commas > mostCommas(received)) throw tooMany(commas, 'values', mostCommas(received))
}

/** For a text that is no JSON. */
export const malformed = () => new HttpError(400, 'The request body is malformed JSON')
