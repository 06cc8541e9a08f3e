import { writeSync } from 'node:fs'

/** How many bytes of lines wait for room; what comes beyond is counted and left out. */
const mostWaiting = 256 * 1024

/** How often room is looked for, in ms. */
const retryMs = 250

/** Where lines of a log go. */
export interface LogOutput {
  /** Writes a line at once where there is room; else it waits. Never throws. */
  write(line: string): void
}

/**
 * Writes lines to a file descriptor, at once: a line that stood in a buffer when the process was killed would be
 * missing where it matters most.
 *
 * Nothing ends because a log cannot be written. On a full disk, or where nobody empties the pipe, lines wait here; when
 * there is room they are written in their order, and behind them how many were left out.
 *
 * @param left makes the line that says how many were left out
 */
export function createLogOutput(fd: number, left: (lines: number) => string, write: typeof writeSync = writeSync): LogOutput {
  let waiting: Buffer[] = []
  let bytes = 0
  let leftOut = 0
  let timer: NodeJS.Timeout | undefined

  /** Writes what waits, until it is all there or there is no room. */
  const flush = (): void => {
    while (waiting.length > 0) {
      const [first, ...others] = waiting as [Buffer, ...Buffer[]]
      let written: number
      try {
        written = write(fd, first)
      } catch {
        // Whatever it is (no room, a pipe that is full or whose reader has gone, a quota): there is nowhere to tell it,
        // and it may pass.
        break
      }
      bytes -= written
      // The rest of a line that was begun goes before everything else.
      waiting = written < first.length ? [first.subarray(written), ...others] : others
      if (waiting.length > 0 || leftOut === 0) continue
      const line = Buffer.from(left(leftOut))
      leftOut = 0
      bytes = line.length
      waiting = [line]
    }
    if (waiting.length === 0 || timer) return
    timer = setTimeout(() => {
      timer = undefined
      flush()
    }, retryMs)
    timer.unref()
  }
  process.once('exit', flush)

  return {
    write(line) {
      const length = Buffer.byteLength(line)
      if (bytes > 0 && bytes + length > mostWaiting) {
        leftOut++
        return
      }
      waiting.push(Buffer.from(line))
      bytes += length
      // While others wait this one is behind them, and the timer is set.
      if (waiting.length === 1) flush()
    },
  }
}
