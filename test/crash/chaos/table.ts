import type { Row } from './case.ts'

/** What was done, in at most so many characters: the table is whole at 80 columns. */
const columns = [38, 9, 9, 19] as const

/** The heading of the table. */
export function heading(): string {
  return line('WHAT WAS DONE', 'NO ANSWER', 'CAME BACK', 'KEPT / FOUND / LOST')
}

/** One row; what was wrong stands below it. */
export function rowText({ name, silent, by, acknowledged, lost, problems }: Row): string {
  const text = line(name, `${silent.toFixed(1)} s`, by, `${acknowledged} / ${acknowledged - lost} / ${lost}`)
  const notes = problems.flatMap((problem) => problem.trimEnd().split('\n'))
  return [`${problems.length === 0 ? ' ' : '✗'} ${text}`, ...notes.map((note) => `    ${note}`)].join('\n')
}

function line(what: string, silent: string, by: string, records: string): string {
  return `${what.padEnd(columns[0])} ${silent.padStart(columns[1])} ${by.padEnd(columns[2])} ${records.padStart(columns[3])}`
}
