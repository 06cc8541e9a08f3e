import { HttpError } from '../kit/http-error.ts'

/** How many records a list has at most, and how many where nothing is asked for. */
const mostRecords = 1000
const usualRecords = 10

/**
 * Checks what was sent to be kept.
 *
 * @param body the parsed JSON
 * @throws HttpError 400 when there is nothing in it, or when it is not an object
 */
export function checkRecord(body: unknown): void {
  if (!body || (typeof body === 'object' && Object.keys(body).length === 0)) throw new HttpError(400, 'No data provided')
  if (typeof body !== 'object' || Array.isArray(body)) throw new HttpError(400, 'The data must be a JSON object')
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
