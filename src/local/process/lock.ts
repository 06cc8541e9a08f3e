import { DatabaseSync } from 'node:sqlite'
import { within } from './within.ts'

/** Held until `release` or the end of the process, however it ends. */
export interface Lock {
  release(): void
}

/** The lock, as soon as whoever has it lets go of it; undefined where that is not within `patience` ms. */
export function lockWithin(file: string, patience: number): Promise<Lock | undefined> {
  return within(patience, 5, () => takeLock(file))
}

/**
 * Takes an exclusive lock on a file. SQLite's file lock is used because the kernel drops it with the process that held
 * it, so that no stale lock can stay behind, and because Node has no such call of its own.
 * @returns undefined when another process holds it
 */
export function takeLock(file: string): Lock | undefined {
  const database = new DatabaseSync(file)
  try {
    database.exec('PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    // SQLITE_BUSY: https://www.sqlite.org/rescode.html#busy
    if ((((error as { errcode?: number }).errcode ?? 0) & 0xff) === 5) return undefined
    throw error
  }
  return { release: () => database.close() }
}
