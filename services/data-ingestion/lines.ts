import { HttpError } from '../kit/http-error.ts'

/** One line of a stream, counted from 1. */
export interface Line {
  readonly number: number
  /** Without the line break; undefined where it is longer than a line may be. */
  readonly bytes: Buffer | undefined
}

export interface LineLimits {
  /** How many lines there may be; empty ones count. */
  readonly lines: number
  /** How many bytes one may have. */
  readonly lineBytes: number
}

const lineFeed = 0x0a

/**
 * Cuts a stream of bytes into lines. Never holds more than one line and one piece: what is too long is skipped up to
 * the next line break. Empty lines are counted and left out.
 *
 * @param hold is told by how many bytes more, or less, are held of a line that has not come to its end
 * @returns the lines that end in each piece, together, also where there are none: to wait for each line alone would
 *   cost more than to read it
 * @throws HttpError 413 when there are more lines than there may be, after those that there may be; and what `hold`
 *   throws
 */
export async function* linesOf(
  pieces: AsyncIterable<Buffer>,
  limits: LineLimits,
  hold: (bytes: number) => void = () => {},
): AsyncGenerator<Line[]> {
  let number = 1
  let begun: Buffer[] = []
  let length = 0
  let held = 0

  const end = (rest: Buffer): Line => {
    const bytes = length + rest.length > limits.lineBytes ? undefined : begun.length === 0 ? rest : Buffer.concat([...begun, rest])
    begun = []
    length = 0
    hold(-held)
    held = 0
    return { number, bytes }
  }

  for await (const piece of pieces) {
    const lines: Line[] = []
    let start = 0
    for (let feed = piece.indexOf(lineFeed); feed >= 0; feed = piece.indexOf(lineFeed, start)) {
      if (number > limits.lines) break
      if (feed > start || length > 0) lines.push(end(piece.subarray(start, feed)))
      number++
      start = feed + 1
    }
    yield lines
    const rest = piece.subarray(start)
    if (number > limits.lines && rest.length > 0) throw new HttpError(413, `A stream may have at most ${limits.lines} lines`)
    length += rest.length
    if (length > limits.lineBytes) {
      begun = []
      hold(-held)
      held = 0
    }
    if (length <= limits.lineBytes && rest.length > 0) {
      hold(rest.length)
      held += rest.length
      begun.push(rest)
    }
  }
  if (length > 0) yield [end(Buffer.alloc(0))]
}
