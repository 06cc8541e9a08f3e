import { EventEmitter } from 'node:events'
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync, statSync, truncateSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

/** One line that a container has printed. */
export interface Line {
  readonly log: string
  readonly stream: 'stdout' | 'stderr'
  /** ISO 8601. */
  readonly time: string
}

/**
 * The log of a container in the format of docker's `json-file` driver.
 *
 * @param maxSize bytes after which a new file is begun
 * @param maxFile how many files are kept
 */
export function openLog(file: string, { maxSize = Number.POSITIVE_INFINITY, maxFile = 1 }: { maxSize?: number; maxFile?: number }) {
  const events = new EventEmitter()
  events.setMaxListeners(0)
  const streams = { stdout: lines(), stderr: lines() }
  let lost = 0
  let size = statSync(file, { throwIfNoEntry: false })?.size ?? 0

  const rotate = () => {
    for (let index = maxFile - 1; index >= 1; index--) {
      const from = index === 1 ? file : `${file}.${index - 1}`
      if (existsSync(from)) renameSync(from, `${file}.${index}`)
    }
    if (maxFile === 1) rmSync(file, { force: true })
    size = 0
  }
  /** Half a line would make the next one unreadable, too. */
  const cut = () => {
    try {
      if (statSync(file, { throwIfNoEntry: false })?.size) truncateSync(file, size)
    } catch (error) {
      console.error(`cannot cut ${file}: ${(error as Error).message}`)
    }
  }
  const keep = (stream: Line['stream'], texts: readonly string[]) => {
    if (texts.length === 0) return
    const time = new Date().toISOString()
    const added = texts.map((log): Line => ({ log, stream, time }))
    const text = added.map((line) => `${JSON.stringify(line)}\n`).join('')
    try {
      if (size > 0 && size + Buffer.byteLength(text) > maxSize) rotate()
      appendFileSync(file, text, { mode: 0o600 })
      size += Buffer.byteLength(text)
      if (lost > 0) console.error(`${file} lacks ${lost} lines, for which there was no room`)
      lost = 0
    } catch (error) {
      // A full disk must not stop the container, as it does not with docker.
      if (lost === 0) console.error(`cannot write ${file}: ${(error as Error).message}`)
      lost += added.length
      cut()
    }
    for (const line of added) events.emit('line', line)
  }

  return {
    /** Takes output as it comes; it is kept line by line. */
    write: (stream: Line['stream'], chunk: Buffer) => keep(stream, streams[stream].take(chunk)),
    /** Keeps what has no line's end yet. */
    flush() {
      for (const stream of ['stdout', 'stderr'] as const) keep(stream, streams[stream].rest())
    },
    /** What is kept, oldest first. */
    read(): Line[] {
      const files = [...Array(maxFile).keys()].reverse().map((index) => (index === 0 ? file : `${file}.${index}`))
      return files.filter((each) => existsSync(each)).flatMap((each) => readFileSync(each, 'utf8').split('\n').flatMap(parsed))
    },
    /** Calls for every line from now on; returns how to stop. */
    follow(each: (line: Line) => void) {
      events.on('line', each)
      return () => void events.off('line', each)
    },
  }
}

/** A line that was cut off, as by a power cut while the disk was full, is passed over. */
function parsed(text: string): Line[] {
  if (text === '') return []
  try {
    return [JSON.parse(text)]
  } catch {
    return []
  }
}

/** A line longer than this is kept in pieces, as docker does. */
const longest = 16 * 1024

function lines() {
  const decoder = new StringDecoder('utf8')
  let begun = ''
  return {
    take(chunk: Buffer): string[] {
      begun += decoder.write(chunk)
      const whole: string[] = []
      for (let end = begun.indexOf('\n'); end >= 0 || begun.length > longest; end = begun.indexOf('\n')) {
        const cut = end >= 0 ? end + 1 : longest
        whole.push(begun.slice(0, cut))
        begun = begun.slice(cut)
      }
      return whole
    },
    rest(): string[] {
      const text = begun + decoder.end()
      begun = ''
      return text === '' ? [] : [text]
    },
  }
}
