import { duration } from './duration.ts'
import { cut, oneLine, pad, textWidth } from './width.ts'

/** One stretch of work. `start` is in seconds since the beginning of the run. */
export interface Bar {
  readonly label: string
  readonly start: number
  readonly seconds: number
}

export interface BarsOptions {
  /** Columns of the whole drawing. */
  readonly width?: number | undefined
  readonly bar?: string
  readonly ellipsis?: string
  readonly paint?: (text: string) => string
}

/**
 * Where the time went: one line a bar, all on one time axis, in the order of their start; what lies below one another
 * ran at the same time. Returns lines joined by line breaks, none at the end; the empty string for no bars.
 */
export function renderBars(bars: readonly Bar[], options: BarsOptions = {}): string {
  const width = Math.min(options.width ?? 80, 100)
  const paint = options.paint ?? ((text) => text)
  const rows = [...bars]
    .sort((a, b) => a.start - b.start)
    .map((bar) => ({ ...bar, label: cut(oneLine(bar.label), 24, options.ellipsis ?? '…'), took: duration(bar.seconds) }))
  const labels = Math.max(0, ...rows.map((row) => textWidth(row.label)))
  const times = Math.max(0, ...rows.map((row) => row.took.length))
  const axis = Math.max(10, width - labels - times - 4)
  const end = Math.max(...rows.map((row) => row.start + row.seconds)) || 1
  const line = (row: (typeof rows)[number]) => {
    const from = Math.min(axis - 1, Math.round((row.start / end) * axis))
    // The shortest work still gets one character: it did happen.
    const length = Math.max(1, Math.min(axis - from, Math.round((row.seconds / end) * axis)))
    const drawn = ' '.repeat(from) + paint((options.bar ?? '█').repeat(length)) + ' '.repeat(axis - from - length)
    return `${pad(row.label, labels)}  ${drawn}  ${pad(row.took, times, 'right')}`
  }
  return rows.map(line).join('\n')
}
