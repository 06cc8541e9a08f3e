import { exit, Failure } from '../src/report/failure.ts'
import { suggest } from './suggestion.ts'

/** The keys that lead to a value: `['services', 'ml-inference', 'port']`. */
export type KeyPath = readonly (string | number)[]

/** One thing that is wrong in a config file. */
export interface Problem {
  /** As it is shown: relative to where the command was typed. */
  readonly file: string
  /** 1-based; `undefined` when the file's text does not tell. */
  readonly line: number | undefined
  readonly path: KeyPath
  /** The value as it stands there, or `unknownKey`. */
  readonly got: string
  /** A noun phrase: `a port from 1 to 65535`. */
  readonly expected: string
  /** The name that was probably meant. */
  readonly suggestion?: string
}

/** What `Problem.got` says where the key itself is the mistake. */
export const unknownKey = 'an unknown key'

/** Collects every problem of one config file, so that a person sees all of them at once. */
export class Diagnostics {
  readonly problems: Problem[] = []
  readonly #file: string
  readonly #lineOf: (path: KeyPath) => number | undefined

  /**
   * @param file the config file as it is to be shown
   * @param lineOf finds the line of a key path in that file
   */
  constructor(file: string, lineOf: (path: KeyPath) => number | undefined) {
    this.#file = file
    this.#lineOf = lineOf
  }

  /** Where a key path stands, `mlops.config.ts:12`, for a problem that names a second place. */
  place(path: KeyPath): string {
    return placeOf(this.#file, this.#lineOf(path))
  }

  /**
   * A value that is not what it has to be. `got` is the value itself; `near` are names it may have been meant to be.
   */
  value(path: KeyPath, got: unknown, expected: string, near: Iterable<string> = []): void {
    const meant = typeof got === 'string' ? suggest(got, near) : undefined
    this.#add(path, shown(got), expected, meant)
  }

  /** A statement about the config that no single value shows: `got` is already worded. */
  statement(path: KeyPath, got: string, expected: string): void {
    this.#add(path, got, expected, undefined)
  }

  /** A key that does not exist there. */
  key(path: KeyPath, known: readonly string[]): void {
    this.#add(path, unknownKey, `one of ${known.join(', ')}`, suggest(String(path.at(-1)), known))
  }

  /**
   * Throws one `Failure` (exit code `usage`) with every problem in the order of the file; does nothing when there is
   * none.
   */
  throwIfAny(): void {
    if (this.problems.length > 0) throw new Failure(render(this.problems, this.#file), { code: exit.usage })
  }

  #add(path: KeyPath, got: string, expected: string, meant: string | undefined): void {
    this.problems.push({
      file: this.#file,
      line: this.#lineOf(path),
      path,
      got,
      expected,
      ...(meant !== undefined && { suggestion: meant }),
    })
  }
}

/**
 * The problems as a person reads them: two lines each, in the order of the file, and a last line with their number.
 *
 * @param problems at least one, all of the same file
 */
export function render(problems: readonly Problem[], file: string): string {
  const sorted = problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
  const places = sorted.map((problem) => placeOf(problem.file, problem.line))
  const width = Math.max(...places.map((place) => place.length))
  const lines = sorted.flatMap((problem, index) => [`${places[index]!.padEnd(width)}  ${pathText(problem.path)}`, `  ${sentence(problem)}`])
  const count = `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} in ${file}.`
  return [...lines, `${count} Nothing was changed in AWS.`].join('\n')
}

/** A key path as it is written in TypeScript: `services.ml-inference.needs[0]`. */
export function pathText(path: KeyPath): string {
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : index === 0 ? key : `.${key}`)).join('') || '(the whole config)'
}

function sentence(problem: Problem): string {
  const question = problem.suggestion === undefined ? '' : ` Did you mean ${JSON.stringify(problem.suggestion)}?`
  if (problem.got === unknownKey) return `unknown key.${question || ` Expected ${problem.expected}`}`
  return `got ${problem.got}, expected ${problem.expected}${question && `.${question}`}`
}

function placeOf(file: string, line: number | undefined): string {
  return line === undefined ? file : `${file}:${line}`
}

/** A value on one line, short. */
function shown(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'symbol') return String(value)
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
