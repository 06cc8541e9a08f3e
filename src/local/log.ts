import { closeSync, openSync, renameSync, statSync, writeSync } from 'node:fs'

/** One line a call: never a body, never a secret. */
export interface CallRecord {
  readonly action: string
  readonly status: number
  readonly ms: number
  readonly code?: string | undefined
}

export interface Log {
  call(record: CallRecord): void
  line(text: string): void
  close(): void
}

/** From this size on, the log of earlier runs is put aside at the next start. */
const full = 8 * 1024 * 1024

/**
 * Appends to the cloud's log. Written without a buffer, so that the last line before a kill is there. A full disk costs lines and never the cloud, which still forwards
 * to its machines then: the first line that has room again is preceded by how many had none.
 */
export function openLog(file: string): Log {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > full) renameSync(file, `${file}.1`)
  const handle = openSync(file, 'a', 0o600)
  let lost = 0
  const write = (text: string) => void writeSync(handle, `${new Date().toISOString()} ${text}\n`)
  const line = (text: string) => {
    try {
      if (lost > 0) write(`${lost} lines are missing here: the disk was full`)
      lost = 0
      write(text)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      lost++
    }
  }
  return {
    line,
    call: ({ action, status, ms, code }) => line(`${action} ${status} ${Math.round(ms)} ms${code === undefined ? '' : ` ${code}`}`),
    close: () => closeSync(handle),
  }
}
