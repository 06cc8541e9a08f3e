import type { Flags } from './flags.ts'
import { Refusal } from './refusal.ts'

/** What every listing understands. */
export const listFlags = { quiet: { type: 'boolean', short: 'q' }, format: { type: 'string' } } as const satisfies Flags

/**
 * Fills in a `--format` template: fields (`{{.State.Running}}`), `{{json .State}}`, `{{index .Labels "a"}}`, `{{.}}`,
 * or `json` for all of it. Of Go's templates that is what scripts use; anything else is refused.
 *
 * @throws Refusal when the template is not understood, or names what is not there.
 */
export function fill(template: string, value: unknown): string {
  if (template.startsWith('table ')) throw unknown(template)
  return (template === 'json' ? '{{json .}}' : template)
    .replaceAll('\\t', '\t')
    .replaceAll('\\n', '\n')
    .replace(/\{\{-?\s*(.*?)\s*-?\}\}/gs, (_, expression: string) => show(evaluate(expression, value)))
}

/**
 * A listing, one item a line: its id or name with `-q`, else by the template, else columns under each other.
 *
 * @param columns field → title
 */
export function rows<Item extends Readonly<Record<string, string>>>(
  items: readonly Item[],
  { quiet, format }: { quiet?: boolean | undefined; format?: string | undefined },
  columns: Readonly<Partial<Record<keyof Item, string>>>,
): string {
  const fields = Object.keys(columns)
  if (quiet) return [...new Set(items.map((item) => `${item.ID ?? item.Name}\n`))].join('')
  if (format !== undefined) return items.map((item) => `${fill(format, item)}\n`).join('')
  const lines = [Object.values<string | undefined>(columns), ...items.map((item) => fields.map((field) => item[field]))]
  const widths = fields.map((_, column) => Math.max(...lines.map((line) => line[column]!.length), 7) + 3)
  return lines
    .map(
      (line) =>
        `${line
          .map((cell, column) => cell!.padEnd(widths[column]!))
          .join('')
          .trimEnd()}\n`,
    )
    .join('')
}

function evaluate(expression: string, value: unknown): unknown {
  const [, json] = /^json\s+(\.\S*)$/.exec(expression) ?? []
  if (json !== undefined) return JSON.stringify(field(json, value))
  const [, path, key] = /^index\s+(\.\S*)\s+"([^"]*)"$/.exec(expression) ?? []
  if (path !== undefined) return (field(path, value) as Record<string, unknown> | undefined)?.[key!] ?? ''
  if (/^\.[\w.]*$/.test(expression)) return field(expression, value)
  throw unknown(`{{${expression}}}`)
}

function unknown(text: string): Refusal {
  return new Refusal(`template parsing error: the stand-in for docker does not know ${text}`, 64)
}

function field(path: string, value: unknown): unknown {
  let found = value
  for (const name of path.split('.').filter(Boolean)) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name))
      throw new Refusal(`template: :1: executing "" at <${path}>: map has no entry for key "${name}"`)
    found = (found as Record<string, unknown>)[name]
  }
  return found
}

/** As Go prints it. */
function show(value: unknown): string {
  if (value === null || value === undefined) return '<no value>'
  if (Array.isArray(value)) return `[${value.map(show).join(' ')}]`
  if (typeof value !== 'object') return String(value)
  const items = Object.entries(value).map(([name, item]) => `${name}:${show(item)}`)
  return `map[${items.join(' ')}]`
}
