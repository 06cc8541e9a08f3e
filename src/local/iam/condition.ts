/** What is known of a call beside action and resource, by condition key: `aws:ResourceTag/mlops:app`. */
export type Context = Readonly<Record<string, string | readonly string[] | undefined>>

/** The `Condition` of a statement: operator, key, values. */
export type Conditions = Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>

/**
 * Whether every condition holds:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 * An operator that this cloud does not have never holds, so that nothing is allowed by what was not understood.
 */
export function holds(conditions: Conditions, context: Context): boolean {
  const known = new Map(Object.entries(context).map(([key, value]) => [key.toLowerCase(), value]))
  return Object.entries(conditions).every(([operator, keys]) =>
    Object.entries(keys).every(([key, wanted]) => one(operator, list(known.get(key.toLowerCase())), list(wanted))),
  )
}

type Test = (value: string, pattern: string) => boolean

/** Operators by name; those that begin with `Not` after their kind are the others turned around. */
const tests: Readonly<Record<string, Test>> = {
  StringEquals: (value, pattern) => value === pattern,
  StringEqualsIgnoreCase: (value, pattern) => value.toLowerCase() === pattern.toLowerCase(),
  StringLike: (value, pattern) => wildcard(pattern).test(value),
  ArnEquals: (value, pattern) => wildcard(pattern).test(value),
  ArnLike: (value, pattern) => wildcard(pattern).test(value),
  Bool: (value, pattern) => value.toLowerCase() === pattern.toLowerCase(),
}

/** @param values what the call has under the key; undefined where it has nothing */
function one(operator: string, values: readonly string[] | undefined, wanted: readonly string[] = []): boolean {
  const [, quantity, name = '', ifExists] = /^(?:(ForAnyValue|ForAllValues):)?(.*?)(IfExists)?$/.exec(operator) ?? []
  if (name === 'Null') return wanted.some((each) => String(each).toLowerCase() === String(values === undefined))
  const negated = name.includes('Not')
  const test = Object.hasOwn(tests, name.replace('Not', '')) ? tests[name.replace('Not', '')] : undefined
  if (!test) return false
  // A negated operator is content with a key that is not there, and so is every value of none.
  if (values === undefined) return ifExists !== undefined || quantity === 'ForAllValues' || (negated && quantity === undefined)
  const passes = (value: string) => wanted.some((pattern) => test(value, pattern)) !== negated
  return quantity === 'ForAnyValue' ? values.some(passes) : values.every(passes)
}

function list(value: string | readonly string[] | undefined): readonly string[] | undefined {
  return typeof value === 'string' ? [value] : value
}

/** `*` for any text, `?` for one character; everything else stands for itself. */
export function wildcard(pattern: string, ignoreCase = false): RegExp {
  const escaped = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${escaped}$`, ignoreCase ? 'is' : 's')
}
