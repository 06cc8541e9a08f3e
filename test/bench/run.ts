/**
 * test/bench measures: ratios between servers that run on the same machine in the same minute, which mean the same
 * everywhere, where seconds would not. Nothing here is a test: a number below its goal is shown and fails nothing.
 *
 *   npm run bench               every file of this folder, one after the other
 *   npm run bench -- ingest     the files whose names contain one of these
 *
 * A file's default export measures and gives rows; files named `*.fixture.ts` are what others share.
 */
import { readdirSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join } from 'node:path'
import type { Bench, Row } from './row.fixture.ts'

const wanted = process.argv.slice(2)
const files = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith('.ts') && name !== 'run.ts' && !name.endsWith('.fixture.ts'))
  .filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)))
  .sort()
if (files.length === 0) {
  console.error(`No file of test/bench matches ${wanted.join(' ')}.`)
  process.exit(1)
}

const rows: Row[] = []
for (const file of files) {
  console.error(`measuring ${file} …`)
  const { default: bench } = (await import(join(import.meta.dirname, file))) as { default: Bench }
  rows.push(...(await bench((progress) => console.error(`  ${progress}`))))
}

const cells = [
  ['what', 'measured', 'goal', ''],
  ...rows.map(({ what, measured, goal, holds }) => [what, measured, goal ?? '', holds === undefined ? '' : holds ? 'yes' : 'no']),
]
const widths = [0, 1, 2].map((column) => Math.max(...cells.map((cell) => cell[column]!.length)))
console.log(`Node ${process.version}, ${availableParallelism()} × ${cpus()[0]?.model ?? 'an unknown processor'}\n`)
for (const cell of cells)
  console.log(
    cell
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
