/** One line of the table. */
export interface Row {
  /** What was measured against what. */
  readonly what: string
  /** The number, as it is shown. */
  readonly measured: string
  readonly goal?: string
  readonly holds?: boolean
}

/** Measures; says on the way what it is doing, since that takes a while. */
export type Bench = (emit: (progress: string) => void) => Promise<Row[]>

/** A row for a number that should be at least this. */
export function atLeast(what: string, measured: number, goal: number, unit = ''): Row {
  return { what, measured: measured.toFixed(2) + unit, goal: `≥ ${goal}${unit}`, holds: measured >= goal }
}

/** A row for a number that should be at most this. */
export function atMost(what: string, measured: number, goal: number, unit = ''): Row {
  return { what, measured: measured.toFixed(2) + unit, goal: `≤ ${goal}${unit}`, holds: measured <= goal }
}
