import { HttpError } from './http-error.ts'
import { type Extent, effortOf, endOfString, extentOf } from './json-extent.ts'
import { Work } from './turns.ts'

/**
 * How deep lists and objects may stand in each other: what reads them again, here and elsewhere, may do so by
 * recursion.
 */
export const deepestJson = 64

/** What is parsed at once, in µs as `effortOf` counts them. */
const pieceEffort = 8000

/**
 * Parses a JSON text whatever it holds: a megabyte of empty lists takes `JSON.parse` a tenth of a second, in which
 * nobody else is answered. What may take that long is parsed in pieces, and others get their turn in between.
 *
 * @param extent of the whole text
 * @param work is told when a piece ends; throws where the work is not wanted any more
 * @returns what `JSON.parse` returns
 * @throws SyntaxError as `JSON.parse` does
 */
export async function parseInPieces(text: string, extent: Extent, work: Work = new Work(), effort = pieceEffort): Promise<unknown> {
  if (isLight(extent, text, effort)) return JSON.parse(text)
  const pieces = parsing(text, 0, text.length, effort)
  for (let step = pieces.next(); ; step = pieces.next()) {
    if (step.done) return step.value
    if (work.due) await work.pause()
  }
}

/** Whether `JSON.parse` may have a text as a whole. */
export function isLight(extent: Extent, { length }: { readonly length: number }, effort = pieceEffort): boolean {
  return effortOf(extent, length) <= effort
}

/** Parses the value between two indices; pauses after each piece. */
function* parsing(text: string, from: number, to: number, effort: number): Generator<void, unknown> {
  const start = skipSpace(text, from)
  const opening = text[start]
  const last = text.slice(start, to).trimEnd().length + start - 1
  const closing = opening === '[' ? ']' : '}'
  // No list and no object, or not closed: there is nothing to divide.
  if ((opening !== '[' && opening !== '{') || text[last] !== closing || last === start) return JSON.parse(text.slice(start, to))
  const list: unknown[] = []
  const object: Record<string, unknown> = {}
  /** Where the run of light members begins that has not been parsed, and how heavy it is. */
  let run = start + 1
  let weight = 0
  /** The text between commas is a member, except in an empty container. */
  const parseRun = (end: number) => {
    const members = JSON.parse(opening + text.slice(run, end) + closing)
    if (opening === '[') for (const member of members) list.push(member)
    else for (const [key, member] of Object.entries(members)) define(object, key, member)
    return Array.isArray(members) ? members.length : Object.keys(members).length
  }
  let at = start + 1
  for (let first = true; ; first = false) {
    const extent = extentOf(text, at)
    const { end } = extent
    if (end > last || (end < last && text[end] !== ',')) throw new SyntaxError('Unexpected token in JSON')
    const heavy = effortOf(extent, end - at)
    const ends = end === last
    if (heavy > effort && extent.containers > 0) {
      // What stands before it ends with a comma, which is the joint.
      if (run < at && parseRun(at - 1) === 0) throw new SyntaxError('Unexpected token , in JSON')
      // It has just been looked over, which for a large one is a piece by itself.
      yield
      if (opening === '[') list.push(yield* parsing(text, at, end, effort))
      else {
        const quote = skipSpace(text, at)
        const keyEnd = endOfString(text, quote) + 1
        const colon = skipSpace(text, keyEnd)
        const key: unknown = JSON.parse(text.slice(quote, keyEnd))
        if (typeof key !== 'string' || text[colon] !== ':') throw new SyntaxError('Expected a name and a colon in JSON')
        define(object, key, yield* parsing(text, colon + 1, end, effort))
      }
      run = end + 1
      weight = 0
    } else {
      weight += heavy
      if (ends || weight > effort) {
        if (parseRun(end) === 0 && !(ends && first)) throw new SyntaxError('Unexpected end of a list in JSON')
        run = end + 1
        weight = 0
      }
    }
    if (ends) break
    at = end + 1
    if (run === at) yield
  }
  return opening === '[' ? list : object
}

/** As `JSON.parse` does it: `__proto__` is a name as any other, and the last one of the same name holds. */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  else object[key] = value
}

function skipSpace(text: string, from: number): number {
  let index = from
  while (index < text.length && ' \t\n\r'.includes(text[index]!)) index++
  return index
}

/**
 * Looks over a text before anything parses it.
 *
 * @param deepest how deep it may nest
 * @throws HttpError 400 when it nests deeper
 */
export function lookOver(text: string, deepest = deepestJson): Extent {
  const extent = extentOf(text, 0, deepest)
  if (extent.depth <= deepest) return extent
  throw tooDeep(deepest)
}

export const tooDeep = (deepest: number) => new HttpError(400, `The JSON nests more than ${deepest} lists and objects in each other`)
