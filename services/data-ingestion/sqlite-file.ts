import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/**
 * One step each; how many have been made is the database's `user_version`. Records are never deleted and numbered
 * without gaps (a number that was rolled back is given again), so the last one is how many there are.
 */
const migrations = [
  `CREATE TABLE IF NOT EXISTS record (
     number INTEGER PRIMARY KEY,
     id TEXT NOT NULL UNIQUE,
     data TEXT NOT NULL,
     timestamp REAL NOT NULL,
     source_ip TEXT NOT NULL
   ) STRICT`,
  `CREATE TABLE claim (
     key TEXT PRIMARY KEY,
     fingerprint TEXT NOT NULL,
     first INTEGER NOT NULL,
     count INTEGER NOT NULL,
     timestamp REAL NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX claim_timestamp ON claim (timestamp)`,
  // SQLite cannot drop a column that is unique. The number becomes what clients call a record by.
  `CREATE TABLE numbered (
     id INTEGER PRIMARY KEY,
     data TEXT NOT NULL,
     timestamp REAL NOT NULL,
     source_ip TEXT NOT NULL
   ) STRICT;
   INSERT INTO numbered (id, data, timestamp, source_ip) SELECT number, data, timestamp, source_ip FROM record ORDER BY number;
   DROP TABLE record;
   ALTER TABLE numbered RENAME TO record`,
]

/**
 * Makes a folder's database, or brings it up to date.
 *
 * @returns its path
 * @throws the system's error when the folder cannot be made or written to
 */
export function prepareFile(folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'records.db')
  // SQLite would make it readable to everybody; its log files take over the permissions of this one.
  closeSync(openSync(file, 'a', 0o600))
  // A file is on the disk when its name in the folder is as well.
  const entry = openSync(folder, 'r')
  fsyncSync(entry)
  closeSync(entry)
  const database = openFile(file)
  try {
    database.exec('BEGIN IMMEDIATE')
    const { user_version: made } = database.prepare('PRAGMA user_version').get() as { user_version: number }
    for (const migration of migrations.slice(made)) database.exec(migration)
    if (made < migrations.length) database.exec(`PRAGMA user_version = ${migrations.length}`)
    database.exec('COMMIT')
  } finally {
    database.close()
  }
  return file
}

/**
 * Opens a database so that a commit is a promise: WAL with full sync returns when the log is on the disk, readers go on
 * meanwhile, and what was committed survives a kill or a loss of power
 * (https://www.sqlite.org/pragma.html#pragma_synchronous).
 */
export function openFile(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 5000 })
  try {
    // On macOS a sync reaches the disk's cache only, unless it is asked for in full.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON')
  } catch (error) {
    database.close()
    throw error
  }
  return database
}

/**
 * Whether the disk has no room: SQLITE_FULL, see https://www.sqlite.org/rescode.html#full, or the system's own errors
 * for that.
 */
export function isFull(error: unknown): boolean {
  const { errcode, code } = error as { errcode?: number; code?: string }
  return errcode === 13 || code === 'ENOSPC' || code === 'EDQUOT'
}

/**
 * Whether the disk did not do what was asked of it: one of https://www.sqlite.org/rescode.html#ioerr, as also comes
 * where there is no room for a file beside the database.
 */
export function isDiskTrouble(error: unknown): boolean {
  return ((error as { errcode?: number }).errcode ?? 0) % 256 === 10
}
