/**
 * This folder is the only code that knows about colour, progress, tables, flags and exit codes: every other room tells
 * what happens and returns what it found, and stays testable without a screen.
 */
import process from 'node:process'
import type { Emit } from '../report/event.ts'
import type { Failure } from '../report/failure.ts'
import { ask } from './confirm.ts'
import { type HiddenInput, readHidden } from './hidden.ts'
import type { liveView } from './progress/live.ts'
import { plainView } from './progress/plain.ts'
import { type Output, silentView, type View } from './progress/view.ts'
import { renderReport, reportOf } from './report.ts'
import { type Bar, renderBars } from './text/bars.ts'
import { type Glyphs, glyphsFor } from './text/glyphs.ts'
import { createStyle, isWatched, type Style, wantsColor, wantsLive } from './text/style.ts'
import { type Column, renderTable } from './text/table.ts'

export interface TerminalOptions {
  /** One document goes to stdout, printed by the runbook; everything but warnings and questions is silent. */
  readonly json?: boolean
  /** Results and warnings only. */
  readonly quiet?: boolean
  /** Every event, and the steps of phases that are done. */
  readonly verbose?: boolean
  /** `false` for --no-color; undefined lets the environment decide. */
  readonly color?: boolean | undefined
  /** Shows progress on a screen that a person watches. Given, since it takes long to load and pipes do without. */
  readonly live?: typeof liveView | undefined
  readonly stdin?: HiddenInput
  readonly stdout?: Output
  readonly stderr?: Output
  readonly env?: NodeJS.ProcessEnv
  /** Width of tables, where the stream's own is not wanted. */
  readonly columns?: number
  /** Aborted on Ctrl-C: ends an open question. */
  readonly signal?: AbortSignal
}

export interface Terminal {
  readonly json: boolean
  readonly quiet: boolean
  readonly verbose: boolean
  /** Colours for text that goes to `print`. */
  readonly style: Style
  readonly glyphs: Glyphs
  /** Progress, shown on stderr. */
  readonly emit: Emit
  /** Whether what is printed is seen by a person and kept nowhere. */
  readonly seen: boolean
  /** A result: to stdout, unless `json`. */
  print(text: string): void
  /** Something worth knowing on the way: to stderr, unless `json` or `quiet`. */
  note(text: string): void
  /** Something that is wrong but stops nothing: to stderr, always. A failure with all that it knows. */
  warn(what: string | Failure): void
  /** A result as a table. */
  table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): void
  /** A result as bars on one time axis: where the time went. */
  timeline(bars: readonly Bar[]): void
  /**
   * Asks a person; `yes` answers without asking. With `phrase` the person must type it.
   * @throws {Failure} (usage) when it has to ask and there is no terminal.
   */
  confirm(question: string, options?: { yes?: boolean | undefined; phrase?: string | undefined }): Promise<boolean>
  /** Reads a secret: from a pipe as it is, from a terminal without showing it. */
  hidden(question: string): Promise<string>
  /** Ends the progress: what is unfinished is shown as such and the cursor is back. Printing goes on working. */
  end(): void
}

/** The one owner of the screen. Everything that is printed while a live view is shown must go through it. */
export function createTerminal(options: TerminalOptions = {}): Terminal {
  const { stdin = process.stdin, stdout = process.stdout, stderr = process.stderr, env = process.env } = options
  const { json = false, quiet = false, verbose = false } = options
  const style = createStyle(wantsColor(stdout, env, options.color))
  const aside = createStyle(wantsColor(stderr, env, options.color))
  const glyphs = glyphsFor(env)
  const width = options.columns ?? (stdout.isTTY ? (stdout.columns ?? 80) : undefined)

  let view: View = plainView(stderr, aside, verbose)
  if (json || quiet) view = silentView
  else if (options.live && wantsLive(stderr, env)) view = options.live(stderr, aside, glyphs, verbose)

  const write = (stream: Output, text: string) => {
    view.pause()
    stream.write(text.endsWith('\n') ? text : `${text}\n`)
    view.resume()
  }
  const print = (text: string) => {
    if (!json) write(stdout, text)
  }

  return {
    json,
    quiet,
    verbose,
    seen: isWatched(stdout, env) && !json,
    style,
    glyphs,
    emit: view.emit,
    print,
    note(text) {
      if (!json && !quiet) write(stderr, text)
    },
    warn(what) {
      const mark = aside.yellow(glyphs.warning)
      write(stderr, typeof what === 'string' ? `${mark} ${what}` : renderReport(reportOf(what, verbose), aside, glyphs, mark))
    },
    table(rows, columns) {
      print(renderTable(rows, columns, { width, ellipsis: glyphs.ellipsis, header: style.dim }))
    },
    timeline(bars) {
      print(renderBars(bars, { width, bar: glyphs.bar, ellipsis: glyphs.ellipsis, paint: style.cyan }))
    },
    async confirm(question, { yes, phrase } = {}) {
      if (yes) return true
      view.pause()
      try {
        return await ask(question, { input: stdin, output: stderr, signal: options.signal }, phrase)
      } finally {
        view.resume()
      }
    },
    async hidden(question) {
      view.pause()
      try {
        return await readHidden(question, stdin, stderr, options.signal)
      } finally {
        view.resume()
      }
    },
    end() {
      view.end()
    },
  }
}
