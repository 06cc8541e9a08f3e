import type { Source } from './source.ts'
import type { Summary } from './summary.ts'

/** How one file's process went. */
export interface Run {
  readonly source: Source
  readonly summary: Summary | undefined
  /** The exit code; null where a signal ended it. */
  readonly code: number | null
  readonly signal: string | null
  readonly timedOut: boolean
  /** Command lines of the processes that outlived it. */
  readonly left: readonly string[]
}

/** The verdict on one file; it has failed when `failed` is not 0. */
export interface Verdict {
  readonly passed: number
  readonly failed: number
  /** A finished sentence for everything that is wrong beyond a test that failed. */
  readonly problems: readonly string[]
}

/**
 * Decides whether a file has passed. uvu 0.5 exits with 0 when a `before` hook throws, when `.run()` is forgotten and
 * when tests are skipped, and it knows no time limit: its exit code alone proves nothing.
 */
export function judge(run: Run): Verdict {
  const { summary, source } = run
  const problems = [...source.problems]
  if (run.timedOut) problems.push(`It took longer than its time limit of ${source.limit} s and was killed.`)
  else if (run.signal) problems.push(`It was ended by ${run.signal}.`)
  else if (!summary) problems.push(`It ended (exit code ${run.code}) without a summary by uvu: .run() is missing, or it crashed.`)
  if (summary) {
    if (summary.total === 0) problems.push('It has no tests.')
    if (summary.skipped > 0) problems.push(`It skips ${summary.skipped} of its tests.`)
    if (summary.passed < summary.total && run.code === 0) {
      problems.push(`Only ${summary.passed} of ${summary.total} tests ran to their end: a hook threw, and uvu swallowed the error.`)
    }
    if (summary.passed === summary.total && run.code !== 0 && run.code !== null && !run.timedOut) {
      problems.push(`Its tests passed, but it ended with exit code ${run.code}.`)
    }
  }
  for (const command of run.left) problems.push(`It left a process behind: ${command}`)
  const passed = summary?.passed ?? 0
  const failed = (summary?.total ?? 0) - passed
  return { passed, failed: Math.max(failed, problems.length > 0 ? 1 : 0), problems }
}
