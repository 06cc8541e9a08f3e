import { HttpError } from '../kit/http-error.ts'
import type { NumberType } from './number-type.ts'

/** What a request's rows must be like. */
export interface RowRules {
  readonly numbers: NumberType
  /** How many numbers the model takes a row; undefined where any number will do. */
  readonly columns: number | undefined
  /** The model's name. */
  readonly model: string
  /** How many rows a request may have. */
  readonly instances: number
}

export type Rows = readonly (readonly number[])[]

/**
 * Takes the rows out of a request to predict.
 *
 * @param body the parsed JSON: `{ features: [numbers] }` or `{ instances: [[numbers], …] }`
 * @returns the rows, and whether they came as a list
 * @throws HttpError 400 that says what is wrong, and in which row and column
 */
export function readRows(body: unknown, rules: RowRules): { rows: Rows; many: boolean } {
  const { features, instances } = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {}
  if (features === undefined && instances === undefined) {
    throw new HttpError(400, 'features is missing, expected {"features": [numbers]} or {"instances": [[numbers], …]}')
  }
  if (features !== undefined && instances !== undefined)
    throw new HttpError(400, 'features and instances are both there, expected one of them')
  if (features !== undefined) return { rows: [readRow(features, 'features', rules, undefined)], many: false }
  if (!Array.isArray(instances)) throw new HttpError(400, `instances is ${describe(instances)}, expected a list of rows`)
  if (instances.length === 0) throw new HttpError(400, 'instances is empty, expected at least one row')
  checkCount(instances.length, 'instances', rules)
  return { rows: instances.map((row, index) => readRow(row, `instances[${index}]`, rules, index)), many: true }
}

/** @throws HttpError 400 when a request has more rows than it may */
export function checkCount(count: number, name: string, { instances }: RowRules): void {
  if (count > instances) throw new HttpError(400, `${name} has ${count} rows, expected at most ${instances}`)
}

function readRow(row: unknown, name: string, { numbers, columns, model }: RowRules, index: number | undefined): number[] {
  if (!Array.isArray(row)) throw new HttpError(400, `${name} is ${describe(row)}, expected a list of numbers${place(index)}`)
  if (row.length === 0) throw new HttpError(400, `${name} is empty, expected at least one number${place(index)}`)
  const column = row.findIndex((value) => !numbers.holds(value))
  if (column >= 0) {
    throw new HttpError(400, `${name}[${column}] is ${describe(row[column])}, expected ${numbers.expected}${place(index, column)}`)
  }
  checkLength(row.length, name, { columns, model })
  return row
}

/** @throws HttpError 400 with both lengths when the model takes another one */
export function checkLength(length: number, name: string, { columns, model }: Pick<RowRules, 'columns' | 'model'>): void {
  if (columns === undefined || columns === length) return
  throw new HttpError(400, `${name} has ${length} ${length === 1 ? 'number' : 'numbers'}, the model ${model} takes ${columns}`)
}

/** Where it is, in words, for those who do not read paths. */
function place(row: number | undefined, column?: number): string {
  if (row === undefined) return ''
  return ` (row ${row}${column === undefined ? '' : `, column ${column}`}, counted from 0)`
}

/** A value in a few words: what stands inside a list or an object may be as large as the request. */
export function describe(value: unknown): string {
  if (value === undefined) return 'missing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value)
}
