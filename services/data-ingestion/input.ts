import { HttpError } from '../kit/http-error.ts'
import { trimJson } from '../kit/json.ts'
import type { CheckSchema } from '../kit/schema.ts'

/** How many records a list has at most, and how many where nothing is asked for. */
const mostRecords = 1000
const usualRecords = 10

/**
 * Checks one record that was sent to be kept.
 *
 * @param record the parsed JSON
 * @param text the JSON, without the space around it
 * @param where what stands before the error: nothing, or `[3]: ` in an array
 * @throws HttpError 400 when there is nothing in it, when it is not an object, or when it is not as the schema says
 */
export function checkRecord(record: unknown, text: string, check?: CheckSchema, where = ''): void {
  if (!record || isEmptyText(text)) throw new HttpError(400, `${where}No data provided`)
  if (typeof record !== 'object' || Array.isArray(record)) throw new HttpError(400, `${where}The data must be a JSON object`)
  const wrong = check?.(record)
  if (wrong !== undefined) throw new HttpError(400, `${where}The data does not fit the schema: ${wrong}`)
}

/**
 * Whether it is a list or an object with nothing in it. Seen in the text: to ask an object of a hundred thousand names
 * for one of them lists all, which takes twenty milliseconds.
 */
function isEmptyText(text: string): boolean {
  return /^[[{]/.test(text) && trimJson(text.slice(1, -1)) === ''
}

/**
 * @returns how many records are asked for by `?limit=`: from 1 to 1000, 10 where nothing is said
 * @throws HttpError 400 when it is anything else
 */
export function readLimit(query: URLSearchParams): number {
  const text = query.get('limit')
  if (text === null) return usualRecords
  const limit = /^\d{1,9}$/.test(text) ? Number(text) : 0
  if (limit < 1 || limit > mostRecords) throw new HttpError(400, `limit must be a whole number from 1 to ${mostRecords}`)
  return limit
}

/** @returns the id that a client has written; undefined where that is the id of no record, whatever is kept */
export function readId(text: string): number | undefined {
  const id = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(id) ? id : undefined
}

/**
 * @returns whether `?dry_run=true` is asked for: what is sent is checked, written and taken back
 * @throws HttpError 400 when it is neither `true` nor `false`
 */
export function readDryRun(query: URLSearchParams): boolean {
  const text = query.get('dry_run') ?? 'false'
  if (text !== 'true' && text !== 'false') throw new HttpError(400, 'dry_run must be true or false')
  return text === 'true'
}

/**
 * @param header `Idempotency-Key`
 * @returns the key; undefined where there is none
 * @throws HttpError 400 when it is longer than 255 characters or not plain ASCII
 */
export function readKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined
  if (typeof header === 'string' && /^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(header)) return header
  throw new HttpError(400, 'Idempotency-Key must be 1 to 255 characters of plain ASCII')
}

const lineTypes = ['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/x-jsonlines']

/** Whether a body is one JSON text a line, by its content type. */
export function isLines(contentType: string | string[] | undefined): boolean {
  const [type = ''] = String(contentType ?? '').split(';')
  return lineTypes.includes(type.trim().toLowerCase())
}
