import { stripVTControlCharacters } from 'node:util'

/** What uvu says at the end of a file. */
export interface Summary {
  readonly total: number
  readonly passed: number
  readonly skipped: number
}

const block = /^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)\n {2}Duration: /gm

/**
 * Finds uvu's summary in a file's output. The last one counts: a test may print the output of another run.
 *
 * @returns undefined where uvu never came to its end
 */
export function readSummary(output: string): Summary | undefined {
  const found = [...stripVTControlCharacters(output).matchAll(block)].at(-1)
  if (!found) return undefined
  return { total: Number(found[1]), passed: Number(found[2]), skipped: Number(found[3]) }
}
