/** What a field must be: this very value, a text that matches, or whatever this function says yes to. */
export type Expected = string | number | boolean | RegExp | ((value: unknown) => boolean)

/**
 * Makes the check of an answer's body: a JSON object with these fields, each as expected. Other fields are none of its
 * business.
 *
 * @returns a function that gives undefined where all is as expected, and else a sentence on the first field that is not
 */
export function fields(expected: Readonly<Record<string, Expected>>): (body: unknown) => string | undefined {
  return (body) => {
    if (typeof body !== 'object' || body === null) return `expected a JSON object, got ${show(body)}`
    for (const [name, wanted] of Object.entries(expected)) {
      const value = (body as Record<string, unknown>)[name]
      if (!holds(value, wanted)) return `${name} is ${show(value)}, expected ${typeof wanted === 'function' ? wanted.name : show(wanted)}`
    }
    return undefined
  }
}

function holds(value: unknown, wanted: Expected): boolean {
  if (typeof wanted === 'function') return wanted(value)
  if (wanted instanceof RegExp) return typeof value === 'string' && wanted.test(value)
  return value === wanted
}

/** A value in one short line. */
export function show(value: unknown): string {
  const text = value instanceof RegExp ? String(value) : (JSON.stringify(value) ?? 'nothing')
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

/** A point in time near now, in seconds: one in milliseconds, or a clock that is days off, is not. */
export function secondsSinceTheEpoch(value: unknown): boolean {
  return typeof value === 'number' && Math.abs(value - Date.now() / 1000) < 86_400
}

/** The same as a text, in ISO 8601 and UTC: `2026-07-01T12:00:00.000Z`. */
export function isoTimeNearNow(value: unknown): boolean {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(value)) return false
  return secondsSinceTheEpoch(Date.parse(value) / 1000)
}
