import { readFile } from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { exit, Failure } from '../report/failure.ts'
import type { FlagsOf, PositionalsOf } from './command-line-types.ts'
import { allFlags, asksFor, parseFlags } from './flags.ts'
import { forceExitLater } from './force-exit.ts'
import { listenForInterruption } from './interruption.ts'
import { annotation, type Report, renderReport, reportDocument, reportOf } from './report.ts'
import type { Terminal } from './terminal.ts'
import { glyphsFor } from './text/glyphs.ts'
import { createStyle, wantsColor, wantsLive } from './text/style.ts'
import { commandLine, help, type Spec, usageLine } from './usage.ts'

/** What the work of a script gets. */
export interface Run<S extends Spec> {
  readonly flags: FlagsOf<S>
  readonly positionals: PositionalsOf<S>
  readonly terminal: Terminal
  /** Aborted when the user wants to stop: clean up and throw its reason. */
  readonly signal: AbortSignal
}

/** What it may return: the one document of `--json`, and an exit code other than 0. */
export interface Outcome {
  readonly json?: unknown
  readonly code?: number
}

/**
 * How long (ms) work may clean up after an error beside it; work that waits for what that error has broken would never
 * end.
 */
const cleanUpTime = 30_000

export type Work<S extends Spec> = (run: Run<S>) => Promise<Outcome | undefined> | Outcome | undefined

/**
 * Runs one script from its command line to its exit code: the one place that catches. Never throws; the result is
 * `process.exitCode`, because `process.exit()` would cut what is still on its way into a pipe.
 */
export async function run<const S extends Spec>(spec: S, work: Work<S>): Promise<void> {
  ignoreClosedPipes()
  const words = argumentsOf(spec.name, process.argv)
  if (asksFor(words, 'help')) return answer(help(spec))
  if (asksFor(words, 'version')) return answer(await version())

  const json = words.includes('--json')
  const show = (report: Report) => printReport(report, json, words.includes('--no-color') ? false : undefined)
  let parsed: ReturnType<typeof parseFlags>
  try {
    parsed = parseFlags(words, allFlags(spec.flags, spec.common), spec.arguments, spec.discreet)
  } catch (error) {
    const report = reportOf(error)
    process.exitCode = report.code
    if (report.code !== exit.usage) return show(report)
    const message = json ? report.message : `${report.message}\n  ${usageLine(spec)}`
    return show({ ...report, message, next: `${commandLine(spec)} --help` })
  }
  const { code, report } = await perform(parsed, work)
  if (report) show(report)
  process.exitCode = code
  forceExitLater(parsed.flags.verbose === true)
}

async function perform<S extends Spec>(
  { flags, positionals }: ReturnType<typeof parseFlags>,
  work: Work<S>,
): Promise<{ code: number; report?: Report }> {
  let terminal: Terminal | undefined
  const interruption = listenForInterruption(
    () => terminal?.warn('Interrupted: cleaning up. Press Ctrl-C again to end at once.'),
    () => {
      terminal?.end()
      // Whoever presses twice does not want to wait for a pipe either.
      process.exit(exit.interrupted)
    },
  )
  const stray = catchStray(interruption.abort)
  const { signal } = interruption
  try {
    const { createTerminal } = await import('./terminal.ts')
    const { json, quiet, verbose, noColor } = flags
    const color = noColor === true ? { color: false } : {}
    const live = wantsLive(process.stderr, process.env) ? (await import('./progress/live.ts')).liveView : undefined
    terminal = createTerminal({ json: json === true, quiet: quiet === true, verbose: verbose === true, ...color, live, signal })
    // `parseFlags` has seen to it that they are what the spec says.
    const parsed = { flags: flags as FlagsOf<S>, positionals: positionals as PositionalsOf<S> }
    const outcome = await Promise.race([work({ ...parsed, terminal, signal }), stray.neverSettled])
    stray.rethrow()
    terminal.end()
    if (json === true && outcome?.json !== undefined) process.stdout.write(`${JSON.stringify(outcome.json, null, 2)}\n`)
    return { code: outcome?.code ?? (signal.aborted ? exit.interrupted : exit.done) }
  } catch (error) {
    terminal?.end()
    const report = reportOf(stray.error ?? (isAbort(error, signal) ? signal.reason : error), flags.verbose === true)
    const said = error instanceof Failure && error.details.code !== undefined
    const code = signal.aborted && !said && !stray.error ? exit.interrupted : report.code
    return { code, report: { ...report, code } }
  } finally {
    stray.release()
    interruption.release()
  }
}

/** Libraries wrap the reason of an abort in an AbortError of their own, which tells a user nothing. */
function isAbort(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && error instanceof Error && error.name === 'AbortError'
}

/**
 * Errors that are thrown beside the work (a timer, a socket, a promise nobody waits for) abort it and are reported in
 * its place. Work that waits for something that can no longer happen would let Node end with exit code 0 and no word:
 * that is an error as well.
 */
function catchStray(abort: (reason: unknown) => void) {
  let report: (error: Error) => void = () => {}
  const neverSettled = new Promise<never>((_, reject) => {
    report = reject
  })
  const stray = {
    error: undefined as unknown,
    neverSettled,
    rethrow() {
      if (stray.error !== undefined) throw stray.error
    },
    release() {
      process.removeListener('uncaughtException', thrown)
      process.removeListener('beforeExit', idle)
    },
  }
  const thrown = (error: Error) => {
    stray.error ??= error
    abort(error)
    setTimeout(() => report(error), cleanUpTime).unref()
  }
  const idle = () => report(new Error('The script waited for something that can no longer happen.'))
  process.on('uncaughtException', thrown)
  process.on('beforeExit', idle)
  return stray
}

function printReport(report: Report, json: boolean, color: boolean | undefined): void {
  const { env, stdout, stderr } = process
  if (json) stdout.write(`${JSON.stringify(reportDocument(report), null, 2)}\n`)
  else stderr.write(`${renderReport(report, createStyle(wantsColor(stderr, env, color)), glyphsFor(env))}\n`)
  if (env.GITHUB_ACTIONS === 'true' && report.code !== exit.interrupted) stderr.write(`${annotation(report)}\n`)
}

/**
 * The words after the script: `node scripts/x.mjs …`, or `zx [its own flags] scripts/x.mjs …`, where zx leaves
 * `process.argv` as it was started.
 */
export function argumentsOf(name: string, argv: readonly string[]): string[] {
  const named = argv.findIndex((word, index) => index > 0 && path.basename(word) === `${name}.mjs`)
  return argv.slice((named === -1 ? 1 : named) + 1)
}

/** `deploy | head` closes the pipe early, and a closed terminal is gone: neither may stop what is being done to AWS. */
function ignoreClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
    })
  }
}

function answer(text: string): void {
  process.stdout.write(`${text}\n`)
}

async function version(): Promise<string> {
  const file = new URL('../../package.json', import.meta.url)
  return JSON.parse(await readFile(file, 'utf8')).version
}
