import { Refusal } from './refusal.ts'

/**
 * Fills in a `--format` template: fields (`{{.State.Running}}`), `{{json .State}}`, `{{index .Labels "a"}}`, `{{.}}`.
 * Of Go's templates that is what scripts use; anything else is refused.
 *
 * @throws Refusal when the template is not understood, or names what is not there.
 */
export function fill(template: string, value: unknown): string {
  return template
    .replaceAll('\\t', '\t')
    .replaceAll('\\n', '\n')
    .replace(/\{\{-?\s*(.*?)\s*-?\}\}/gs, (_, expression: string) => show(evaluate(expression, value)))
}

/**
 * The rows of a listing: by the template, one a line; `json` and `table …` mean what they mean in docker.
 *
 * @param titles of columns that are not called like their field
 */
export function rows(template: string, items: readonly unknown[], titles: Readonly<Record<string, string>> = {}): string {
  const text = template === 'json' ? '{{json .}}' : template
  if (!text.startsWith('table ')) return items.map((item) => `${fill(text, item)}\n`).join('')
  const columns = text.slice('table '.length)
  const heading = columns.replaceAll('\\t', '\t').replace(/\{\{\s*\.(\w+)\s*\}\}/g, (_, name: string) => titles[name] ?? title(name))
  return table([heading.split('\t'), ...items.map((item) => fill(columns, item).split('\t'))])
}

/** Rows of cells under each other, as docker lays them out. */
export function table(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0), 7) + 3)
  return lines
    .map((line) => `${line.map((cell, column) => (column === line.length - 1 ? cell : cell.padEnd(widths[column]!))).join('')}\n`)
    .join('')
}

const title = (name: string) => name.replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toUpperCase()

function evaluate(expression: string, value: unknown): unknown {
  const [, json] = /^json\s+(\.\S*)$/.exec(expression) ?? []
  if (json !== undefined) return JSON.stringify(field(json, value))
  const [, path, key] = /^index\s+(\.\S*)\s+"([^"]*)"$/.exec(expression) ?? []
  if (path !== undefined) return (field(path, value) as Record<string, unknown> | undefined)?.[key!] ?? ''
  if (/^\.[\w.]*$/.test(expression)) return field(expression, value)
  throw new Refusal(`template parsing error: the stand-in for docker does not know {{${expression}}}`, 64)
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
  if (typeof value === 'object')
    return `map[${Object.entries(value)
      .map(([name, item]) => `${name}:${show(item)}`)
      .join(' ')}]`
  return String(value)
}
