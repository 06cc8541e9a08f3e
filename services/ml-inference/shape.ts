/**
 * Looks at a value and gives every problem that it has, each as a place and what was expected there. None: it is as it
 * should be.
 */
export type Check = (value: unknown, place: string) => string[]

/** What something must be, by a test. */
export function is(expected: string, test: (value: unknown) => boolean): Check {
  return (value, place) => (test(value) ? [] : [`${place || 'the file'}: expected ${expected}`])
}

/** What may be left out. */
export function optional(check: Check): Check {
  return (value, place) => (value === undefined ? [] : check(value, place))
}

/** An object with these fields and no others; and, once each of them is right by itself, with them right together. */
export function object(fields: Readonly<Record<string, Check>>, together: Check = () => []): Check {
  return (value, place) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${place || 'the file'}: expected an object`]
    const under = (name: string) => (place ? `${place}.${name}` : name)
    const unknown = Object.keys(value).filter((name) => !Object.hasOwn(fields, name))
    const problems = [
      ...unknown.map((name) => `${under(name)}: expected one of ${Object.keys(fields).join(', ')}`),
      ...Object.entries(fields).flatMap(([name, check]) => check((value as Record<string, unknown>)[name], under(name))),
    ]
    return problems.length > 0 ? problems : together(value, place)
  }
}

/** A list whose items all pass. */
export function list(item: Check, least = 0): Check {
  return (value, place) => {
    if (!Array.isArray(value)) return [`${place}: expected a list`]
    if (value.length < least) return [`${place}: expected at least ${least}`]
    return value.flatMap((each, index) => item(each, `${place}.${index}`))
  }
}

export const number = is('a number', Number.isFinite)
export const text = is('a text', (value) => typeof value === 'string' && value !== '')

export function pattern(expression: RegExp, expected: string): Check {
  return is(expected, (value) => typeof value === 'string' && expression.test(value))
}

export function whole(from: number, to: number): Check {
  return is(`a whole number from ${from} to ${to}`, (value) => Number.isInteger(value) && Number(value) >= from && Number(value) <= to)
}
