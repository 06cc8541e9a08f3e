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

/** Appends to the cloud's log. Written without a buffer, so that the last line before a kill is there. */
export function openLog(file: string): Log {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > full) renameSync(file, `${file}.1`)
  const handle = openSync(file, 'a', 0o600)
  const line = (text: string) => void writeSync(handle, `${new Date().toISOString()} ${text}\n`)
  return {
    line,
    call: ({ action, status, ms, code }) => line(`${action} ${status} ${Math.round(ms)} ms${code === undefined ? '' : ` ${code}`}`),
    close: () => closeSync(handle),
  }
}
