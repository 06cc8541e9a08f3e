import { HttpError } from './http-error.ts'
import { type Extent, effortOf, endOfString, extending, extentOf, heavyContainers } from './json-extent.ts'
import { Work } from './turns.ts'

/**
 * How deep lists and objects may stand in each other: what reads them again, here and elsewhere, may do so by
 * recursion.
 */
export const deepestJson = 64

/** What is parsed at once, in µs as `effortOf` counts them. */
const pieceEffort = 3000

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
  const heavyOnes = await work.finish(heavyContainers(text, effort))
  const { value, end } = await work.finish(parsing(text, 0, effort, heavyOnes))
  if (skipSpace(text, end) < text.length) throw new SyntaxError('Unexpected token behind the JSON')
  return value
}

/** Whether `JSON.parse` may have a text as a whole. */
export function isLight(extent: Extent, { length }: { readonly length: number }, effort = pieceEffort): boolean {
  return effortOf(extent, length) <= effort
}

/** A value, and the index behind it. */
interface Parsed {
  readonly value: unknown
  readonly end: number
}

/** Parses the value that begins at an index; pauses after each piece, and divides only what is heavy. */
function* parsing(text: string, from: number, effort: number, heavyOnes: ReadonlySet<number>): Generator<void, Parsed> {
  const start = skipSpace(text, from)
  const opening = text[start]
  if (opening !== '[' && opening !== '{') {
    const { end } = extentOf(text, start)
    return { value: JSON.parse(text.slice(start, end)), end }
  }
  const closing = opening === '[' ? ']' : '}'
  const list: unknown[] = []
  const object: Record<string, unknown> = {}
  /** Parses members that stand next to each other, without the commas around them. */
  const parseRun = (from: number, to: number): number => {
    const members = JSON.parse(opening + text.slice(from, to) + closing)
    if (opening === '[') for (const member of members) list.push(member)
    else for (const [key, member] of Object.entries(members)) define(object, key, member)
    return Array.isArray(members) ? members.length : Object.keys(members).length
  }
  for (let at = start + 1, first = true; ; first = false) {
    const run = lightRun(text, at, effort, heavyOnes)
    let { end } = run
    if (run.heavy) {
      // What stands before it ends with a comma, which is the joint.
      if (run.member > at && parseRun(at, run.member - 1) === 0) throw new SyntaxError('Unexpected token , in JSON')
      const colon = opening === '[' ? run.member - 1 : colonOf(text, run.member)
      if (skipSpace(text, colon + 1) !== end) throw new SyntaxError('Unexpected token in JSON')
      yield
      const member: Parsed = yield* parsing(text, end, effort, heavyOnes)
      if (opening === '[') list.push(member.value)
      else define(object, JSON.parse(text.slice(run.member, colon)), member.value)
      end = skipSpace(text, member.end)
    } else if (parseRun(at, end) === 0 && !(first && text[end] === closing)) throw new SyntaxError('Unexpected end of a list in JSON')
    if (text[end] === closing) return { value: opening === '[' ? list : object, end: end + 1 }
    if (text[end] !== ',') throw new SyntaxError('Unexpected token in JSON')
    at = end + 1
    yield
  }
}

/** Members that are parsed together. */
interface Run {
  /** The comma or the bracket behind them; where the next value is `heavy`, that value's bracket. */
  readonly end: number
  readonly heavy: boolean
  /** Where the last member begins. */
  readonly member: number
}

/** Looks for as many members as may be parsed at once, up to the end of their list, or to the first that is heavy. */
function lightRun(text: string, from: number, effort: number, heavyOnes: ReadonlySet<number>): Run {
  let [depth, containers, keys, strings, commas] = [0, 0, 0, 0, 0]
  let member = from
  let end = from
  const spent = (index: number) => effortOf({ containers, keys, strings, commas }, index - from)
  scan: for (; end < text.length; end++) {
    switch (text.charCodeAt(end)) {
      case 0x22: // "
        strings++
        end = endOfString(text, end)
        break
      case 0x5b: // [
      case 0x7b: // {
        if (depth === 0 && heavyOnes.has(end)) return { end, heavy: true, member }
        depth++
        containers++
        break
      case 0x5d: // ]
      case 0x7d: // }
        if (depth === 0) break scan
        // Where no comma follows it is wrong, and what comes behind need not be looked at.
        if (--depth === 0 && spent(end) > effort) {
          end = skipSpace(text, end + 1)
          break scan
        }
        break
      case 0x2c: // ,
        commas++
        if (depth > 0) break
        if (spent(end) > effort) break scan
        member = end + 1
        break
      case 0x3a: // :
        keys++
    }
  }
  return { end: Math.min(end, text.length), heavy: false, member }
}

/** The index of the colon behind the name of an object's member; -1 where there is no name, or no colon. */
function colonOf(text: string, from: number): number {
  const quote = skipSpace(text, from)
  if (text[quote] !== '"') return -1
  const colon = skipSpace(text, endOfString(text, quote) + 1)
  return text[colon] === ':' ? colon : -1
}

/** As `JSON.parse` does it: `__proto__` is a name as any other, and the last one of the same name holds. */
function define(object: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  else object[key] = value
}

function skipSpace(text: string, from: number): number {
  let index = from
  while (isSpace(text, index)) index++
  return index
}

function isSpace(text: string, index: number): boolean {
  const code = text.charCodeAt(index)
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

/** A text without the space around it, as far as it is space to JSON: `trim` takes away much more. */
export function trimJson(text: string): string {
  const start = skipSpace(text, 0)
  let end = text.length
  while (end > start && isSpace(text, end - 1)) end--
  return text.slice(start, end)
}

/**
 * Looks over the value that begins at an index before anything parses it: what is long in steps, others get their turn
 * in between.
 *
 * @param request is asked for the work only where there is more than one step: of most texts there is not
 * @throws HttpError 400 when it nests deeper than `deepestJson`
 */
export async function lookOver(text: string, request: { work(): Work } = { work: () => new Work() }, from = 0): Promise<Extent> {
  const steps = extending(text, from, deepestJson)
  const first = steps.next()
  const extent = first.done ? first.value : await request.work().finish(steps)
  if (extent.depth > deepestJson) throw new HttpError(400, `The JSON nests more than ${deepestJson} lists and objects in each other`)
  return extent
}
