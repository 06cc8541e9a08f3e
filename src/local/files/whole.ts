import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { namingFile, withFile } from './full-disk.ts'

/**
 * Writes a file so that a reader sees the old content, the new one, or none, whenever the writer is killed. Only its
 * owner may read it.
 *
 * @param flush whether it must be there after a power cut, too
 */
export function writeText(file: string, text: string, { flush = false } = {}): void {
  namingFile(file, () => mkdirSync(dirname(file), { recursive: true }))
  const draft = `${file}.${randomUUID()}.draft`
  try {
    writeFileSync(draft, text, { mode: 0o600, flush })
    renameSync(draft, file)
  } catch (error) {
    rmSync(draft, { force: true })
    throw withFile(file, error)
  }
}

/** The same for a value, in JSON. */
export function writeWhole(file: string, value: unknown): void {
  writeText(file, JSON.stringify(value))
}

/** A file's text; undefined when there is no such file. */
export function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The value in a file of JSON; undefined when there is no such file. */
export function readWhole<T>(file: string): T | undefined {
  const text = readText(file)
  return text === undefined ? undefined : (JSON.parse(text) as T)
}
