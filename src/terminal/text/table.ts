import { cut, oneLine, pad, textWidth } from './width.ts'

/** One column of a table: the key of the rows that it shows, and how. A plain string stands for the key alone. */
export type Column<Row> = KeyOf<Row> | ColumnOf<Row>

type KeyOf<Row> = keyof Row & string

interface ColumnOf<Row> {
  readonly key: KeyOf<Row>
  /** What stands above it; the key in capitals where nothing is said. */
  readonly title?: string
  /** Numbers stand right, everything else left, where nothing is said. */
  readonly align?: 'left' | 'right'
}

export interface TableOptions {
  /** Columns of the screen. Absent (a pipe, a file): nothing is cut. */
  readonly width?: number | undefined
  readonly ellipsis?: string
  /** Paints the header line. */
  readonly header?: (text: string) => string
}

const gap = '  '
/** No column is cut below this, however narrow the screen: a cut id helps nobody. */
const narrowest = 8

/**
 * Rows as aligned text, without a line break at the end. Where the screen is too narrow, the widest columns of text are
 * cut first; numbers never are. A column in which every row is empty is left out.
 */
export function renderTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], options: TableOptions = {}): string {
  const ellipsis = options.ellipsis ?? '…'
  const shown = columns
    .map((column) => layOut(typeof column === 'string' ? { key: column } : column, rows))
    .filter((column) => rows.length === 0 || column.cells.some((cell) => cell !== ''))
  if (options.width !== undefined) shrink(shown, options.width)

  const line = (texts: readonly string[]) =>
    texts
      .map((text, index) => pad(cut(text, shown[index]!.width, ellipsis), shown[index]!.width, shown[index]!.align))
      .join(gap)
      .trimEnd()
  const paint = options.header ?? ((text) => text)
  const body = rows.map((_, index) => line(shown.map((column) => column.cells[index]!)))
  return [paint(line(shown.map((column) => column.title))), ...body].join('\n')
}

interface Laid {
  readonly title: string
  readonly cells: readonly string[]
  readonly align: 'left' | 'right'
  width: number
}

function layOut<Row>(column: ColumnOf<Row>, rows: readonly Row[]): Laid {
  const values = rows.map((row) => row[column.key]).map((value) => (value === undefined || value === null ? '' : value))
  const cells = values.map((value) => oneLine(String(value)))
  const title = column.title ?? column.key.toUpperCase()
  const numbers = values.some((value) => value !== '') && values.every((value) => value === '' || typeof value === 'number')
  return { title, cells, align: column.align ?? (numbers ? 'right' : 'left'), width: Math.max(...[title, ...cells].map(textWidth)) }
}

function shrink(columns: readonly Laid[], width: number): void {
  const total = () => columns.reduce((sum, column) => sum + column.width, gap.length * (columns.length - 1))
  while (total() > width) {
    const widest = columns.filter((column) => column.align === 'left' && column.width > narrowest).sort((a, b) => b.width - a.width)[0]
    if (!widest) return
    widest.width--
  }
}
