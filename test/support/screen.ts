import { PassThrough, Writable } from 'node:stream'

export interface ScreenOptions {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** An escape code (with `?` for a mode, its first number and its letter), a line break, or text. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape codes are what this reads
const pieces = /\u001b\[(\??)(\d*)[\d;]*([A-Za-z])|\n|[^\u001b\n]+/g

/** A stream that keeps what is written to it, and shows it as a terminal would after obeying the escape codes. */
export class Screen extends Writable {
  readonly isTTY: boolean
  readonly columns: number
  readonly rows: number
  written = ''

  constructor({ isTTY = true, columns = 60, rows = 24 }: ScreenOptions = {}) {
    super({ decodeStrings: false })
    this.isTTY = isTTY
    this.columns = columns
    this.rows = rows
  }

  override _write(chunk: string, _: string, done: () => void): void {
    this.written += chunk
    done()
  }

  /** What a person sees: colours left out, the blank line of the cursor dropped. */
  get shown(): string {
    const lines = ['']
    let row = 0
    let column = 0
    for (const [piece, mode, digits, letter] of this.written.matchAll(pieces)) {
      const count = Number(digits || 1)
      if (piece === '\n') {
        row++
        column = 0
        lines[row] ??= ''
      } else if (letter === undefined) {
        lines[row] = (lines[row] ?? '').padEnd(column).slice(0, column) + piece + (lines[row] ?? '').slice(column + piece.length)
        column += piece.length
      } else if (mode === '') {
        if (letter === 'A') row = Math.max(0, row - count)
        if (letter === 'B') row += count
        if (letter === 'G') column = 0
        if (letter === 'K') lines[row] = digits === '2' ? '' : (lines[row] ?? '').slice(0, column)
      }
    }
    return lines.join('\n').trimEnd()
  }

  /** Whether the cursor was left visible. */
  get cursorShown(): boolean {
    return this.written.lastIndexOf('\u001b[?25h') >= this.written.lastIndexOf('\u001b[?25l')
  }
}

/** A keyboard: what is written to it has been typed. */
export function keyboard(isTTY = true): PassThrough & { isTTY: boolean } {
  return Object.assign(new PassThrough(), { isTTY })
}

/** Resolves when the condition holds; rejects after five seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 5000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within five seconds: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
