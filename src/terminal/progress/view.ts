import type { Event } from '../../report/event.ts'

/** A stream that text is written to: a terminal (`isTTY`, with a size), a pipe, a file. */
export interface Output extends NodeJS.WritableStream {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

/** How events are shown. */
export interface View {
  emit(event: Event): void
  /** Leaves the screen to somebody else (a result, a question) until `resume`. */
  pause(): void
  resume(): void
  /** Shows what was left unfinished and gives the cursor back. */
  end(): void
}

/** Shows nothing: `--json` and `--quiet`. */
export const silentView: View = { emit() {}, pause() {}, resume() {}, end() {} }
