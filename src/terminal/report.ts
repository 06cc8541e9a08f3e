import { exit, Failure } from '../report/failure.ts'
import { diagnose, isAccess } from './progress/diagnosis.ts'
import type { Glyphs } from './text/glyphs.ts'
import type { Style } from './text/style.ts'
import { plainText } from './text/width.ts'

/** An error as every script reports it, on the screen or as JSON. */
export interface Report {
  readonly message: string
  readonly on?: string
  readonly log?: readonly string[]
  readonly likely?: string
  readonly next?: string
  /** The exit code. */
  readonly code: number
  /** Where it happened in our code: only of bugs, or when `verbose`. */
  readonly stack?: string
}

/**
 * What to say about an error and with which code to exit. A Failure speaks for itself; errors of AWS and of the machine
 * are put in words; everything else is a bug of ours and shows its stack.
 */
export function reportOf(error: unknown, verbose = false): Report {
  const failure = error instanceof Failure ? error : diagnose(error)
  if (failure) {
    const { on, log, likely, next } = failure.details
    const code = failure.details.code ?? (isAccess(failure.cause) ? exit.access : exit.failed)
    const told = Object.fromEntries(Object.entries({ on, log, likely, next }).filter(([, value]) => value !== undefined))
    return { message: failure.message, ...told, code, ...(verbose ? { stack: stackOf(failure) } : {}) }
  }
  return {
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    likely: 'This is a bug of ours, not a mistake of yours.',
    next: 'report it with the lines above',
    code: exit.failed,
    stack: stackOf(error),
  }
}

/**
 * The report as lines: message, on, log, likely, next.
 *
 * @param mark what stands before it: by default that something has failed
 */
export function renderReport(report: Report, style: Style, glyphs: Glyphs, mark = style.red(glyphs.failed)): string {
  const [first, ...rest] = plainText(report.message).split('\n')
  const label = (name: string) => style.dim(name.padEnd(8))
  const text = (name: string, value: string | undefined) =>
    value === undefined ? [] : [`  ${label(name)}${plainText(value).replaceAll('\n', `\n${' '.repeat(10)}`)}`]
  const log = (report.log ?? []).map(
    (line, index) => `  ${label(index === 0 ? 'log' : '')}${style.dim(glyphs.log)} ${plainText(line).trimEnd()}`,
  )
  const stack =
    report.stack === undefined
      ? []
      : plainText(report.stack)
          .split('\n')
          .map((line) => style.dim(`  ${line}`))
  return [
    `${mark} ${style.bold(first!)}`,
    ...rest,
    ...text('on', report.on),
    ...log,
    ...stack,
    ...text('likely', report.likely),
    ...text('next', report.next),
  ].join('\n')
}

/** The report as the one document of `--json`. */
export function reportDocument(report: Report): { ok: false; error: Report } {
  return { ok: false, error: report }
}

/**
 * The line that makes GitHub show the message on the run's page
 * (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
 */
export function annotation(report: Report): string {
  return `::error::${plainText(report.message).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')}`
}

function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const own = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  const below = error instanceof AggregateError ? error.errors.map(stackOfCause) : []
  const cause = error.cause instanceof Error ? [stackOfCause(error.cause)] : []
  return [...own, ...below, ...cause].map((line) => line.replace(/^ {4}/, '')).join('\n')
}

function stackOfCause(error: unknown): string {
  return `caused by ${error instanceof Error ? `${error.name}: ${error.message}\n${stackOf(error)}` : String(error)}`
}
