/** One line of a stream, counted from 1. */
export interface Line {
  readonly number: number
  /** Without the line break; undefined where it is longer than a line may be. */
  readonly bytes: Buffer | undefined
}

const lineFeed = 0x0a

/**
 * Cuts a stream of bytes into lines. Never holds more than one line and one piece: what is too long is skipped up to the next line break.
 *
 * @param limit for a line, in bytes
 * @returns the lines that end in each piece, together: to wait for each line alone would cost more than to read it
 */
export async function* linesOf(pieces: AsyncIterable<Buffer>, limit: number): AsyncGenerator<Line[]> {
  let number = 1
  let begun: Buffer[] = []
  let length = 0

  const end = (rest: Buffer): Line => {
    const bytes = length + rest.length > limit ? undefined : begun.length === 0 ? rest : Buffer.concat([...begun, rest])
    begun = []
    length = 0
    return { number: number++, bytes }
  }

  for await (const piece of pieces) {
    const lines: Line[] = []
    let start = 0
    for (let feed = piece.indexOf(lineFeed); feed >= 0; feed = piece.indexOf(lineFeed, start)) {
      lines.push(end(piece.subarray(start, feed)))
      start = feed + 1
    }
    const rest = piece.subarray(start)
    length += rest.length
    if (length > limit) begun = []
    else if (rest.length > 0) begun.push(rest)
    if (lines.length > 0) yield lines
  }
  if (length > 0) yield [end(Buffer.alloc(0))]
}
