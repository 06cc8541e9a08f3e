import process from 'node:process'
import { exit, Failure } from '../report/failure.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * One press of Ctrl-C arrives more than once: the terminal signals every process in front, and npm passes its own
 * signal on to its child (https://github.com/npm/run-script/blob/main/lib/signal-manager.js). What comes this soon (ms)
 * after the first is the same press.
 */
const samePress = 300

export interface Interruption {
  /** Aborted by the first Ctrl-C, SIGTERM or SIGHUP; its reason is a Failure with exit code 130. */
  readonly signal: AbortSignal
  /** Aborts for a reason of our own. */
  abort(reason: unknown): void
  /** Gives the signals back. */
  release(): void
}

/**
 * Listens for the wish to stop. `first` is called when work is asked to clean up, `second` when nobody wants to wait
 * for that.
 */
export function listenForInterruption(first: () => void, second: () => void): Interruption {
  const controller = new AbortController()
  let at: number | undefined
  const heard = () => {
    if (at === undefined) {
      at = Date.now()
      controller.abort(new Failure('Interrupted.', { code: exit.interrupted }))
      first()
    } else if (Date.now() - at > samePress) {
      second()
    }
  }
  for (const name of signals) process.on(name, heard)
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release() {
      for (const name of signals) process.removeListener(name, heard)
    },
  }
}
