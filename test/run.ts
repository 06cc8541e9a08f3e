/**
 * Runs the tests: every file in a process of its own, as many at once as there are cores, each under a time limit and
 * guarded against the ways in which uvu reports success without having tested anything.
 *
 *   node test/run.ts            all files, then coverage against the threshold of .c8rc.json
 *   node test/run.ts graph ssm  the files whose paths contain one of these, without coverage
 *
 * The last line is `N passed, N failed`; the exit code is 1 if anything failed.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { reportCoverage } from './runner/coverage.ts'
import { killAll, type Outcome, runFile } from './runner/file.ts'
import { findTests } from './runner/find.ts'
import { closingReport, fileReport } from './runner/report.ts'

const root = process.cwd()
const wanted = process.argv.slice(2)
const started = performance.now()
const folder = mkdtempSync(join(tmpdir(), 'tests-'))
const coverage = wanted.length === 0 ? join(folder, 'coverage') : undefined
if (coverage) mkdirSync(coverage)

// The files run in process groups of their own: Ctrl-C reaches this process only.
for (const [signal, code] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const]) {
  process.once(signal, () => {
    killAll()
    rmSync(folder, { recursive: true, force: true })
    process.exit(code)
  })
}

const { files, problems } = findTests(root, wanted)
const outcomes: Outcome[] = []
const queue = files.values()

/** Takes the next file until there is none. */
async function work(): Promise<void> {
  for (const file of queue) {
    const outcome = await runFile(file, { root, folder, coverage })
    outcomes.push(outcome)
    console.log(fileReport(outcome))
  }
}

try {
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  console.log(closingReport(outcomes, (performance.now() - started) / 1000))
  const short = coverage && files.length > 0 ? await reportCoverage(root, coverage) : undefined
  if (short) problems.push(short)
} finally {
  rmSync(folder, { recursive: true, force: true })
}

for (const problem of problems) console.log(problem)
const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0)
const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, problems.length)
process.exitCode = failed > 0 ? 1 : 0
console.log(`\n${passed} passed, ${failed} failed`)
