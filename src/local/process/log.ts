import { Console } from 'node:console'
import { closeSync, openSync, renameSync, statSync, writeSync } from 'node:fs'
import { Writable } from 'node:stream'

export interface Log {
  /** One line a call: never a body, never a secret. */
  call(record: { action: string; status: number; ms: number; code?: string | undefined }): void
  line(text: string): void
  close(): void
}

/** From this size on, the log of earlier runs is put aside at the next start. */
const full = 8 * 1024 * 1024

/**
 * Appends to the cloud's log. Written without a buffer, so that the last line before a kill is there. A disk that is
 * full or cannot be written costs lines and never the cloud, which still answers then: the first line that has room
 * again is preceded by how many had none.
 */
export function openLog(file: string): Log {
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > full) renameSync(file, `${file}.1`)
  const handle = openSync(file, 'a', 0o600)
  const write = lineWriter(handle)
  const line = (text: string) => write(`${new Date().toISOString()} ${text}\n`)
  return {
    line,
    call: ({ action, status, ms, code }) => line(`${action} ${status} ${Math.round(ms)} ms${code === undefined ? '' : ` ${code}`}`),
    close: () => closeSync(handle),
  }
}

/**
 * Makes `console` of this process write its lines to standard error whatever happens to them. Node's own ends the
 * process by an unhandled error at the second line that a full disk does not take, and writes nothing any more once
 * there is room (https://nodejs.org/api/process.html#a-note-on-process-io: files are written synchronously).
 */
export function logForever(): void {
  const write = lineWriter(2)
  const stream = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _, done) {
      write(String(chunk))
      done()
    },
  })
  globalThis.console = new Console({ stdout: stream, stderr: stream })
}

/** Writes whole pieces of text to a file, or counts those that it does not take. */
function lineWriter(handle: number): (text: string) => void {
  let lost = 0
  const write = (text: string) => {
    const bytes = Buffer.from(text)
    for (let done = 0; done < bytes.length; ) done += writeSync(handle, bytes, done)
  }
  return (text) => {
    try {
      if (lost > 0) write(`${new Date().toISOString()} ${lost} lines are missing here: the disk was full\n`)
      lost = 0
      write(text)
    } catch {
      // There is no place to say it in but here, once there is room.
      lost++
    }
  }
}
