/** @returns a time as clients are told it: ISO 8601, in UTC, to the millisecond. @param seconds since the epoch */
export function isoTime(seconds: number): string {
  return new Date(Math.round(seconds * 1000)).toISOString()
}
