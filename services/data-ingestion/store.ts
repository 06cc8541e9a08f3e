import { closeSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** One record, as it was accepted. */
export interface StoredRecord {
  readonly id: string
  /** JSON text, as it was sent. */
  readonly data: string
  /** Seconds since the epoch. */
  readonly timestamp: number
  readonly sourceIp: string
}

export interface Store {
  /**
   * Keeps a record. Resolves when it is on the disk and not before; records that arrive together share one sync.
   *
   * @throws StoreFullError when the disk has no room; nothing of the record is kept then
   */
  add(record: StoredRecord): Promise<void>
  get(id: string): StoredRecord | undefined
  /** How many there are. */
  count(): number
  /** The newest records, newest first. Each is read when it is asked for, so that a long list never stands in memory as a whole. */
  newest(limit: number): Iterable<StoredRecord>
  /** Keeps what is waiting, then closes. */
  close(): void
}

/** The disk, or the quota, has no room for another record. */
export class StoreFullError extends Error {
  override readonly name = 'StoreFullError'
}

export interface StoreOptions {
  /** The most the database may hold, in pages of 4 KiB; for tests of what happens then. */
  readonly maxPages?: number
}

interface Row {
  id: string
  data: string
  timestamp: number
  source_ip: string
}

/**
 * Opens the store in a folder, which is made where it is missing.
 *
 * WAL with full sync: a commit returns when the log is on the disk, readers go on meanwhile, and what was committed survives
 * a kill or a loss of power (https://www.sqlite.org/pragma.html#pragma_synchronous).
 *
 * @throws the system's error when the folder cannot be made or written to
 */
export function openStore(folder: string, { maxPages }: StoreOptions = {}): Store {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'records.db')
  // SQLite would make it readable to everybody; its log files take over the permissions of this one.
  closeSync(openSync(file, 'a', 0o600))
  const database = new DatabaseSync(file, { timeout: 5000 })
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS record (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      data TEXT NOT NULL,
      timestamp REAL NOT NULL,
      source_ip TEXT NOT NULL
    ) STRICT`)
  if (maxPages) database.exec(`PRAGMA max_page_count = ${Number(maxPages)}`)
  const insert = database.prepare('INSERT INTO record (id, data, timestamp, source_ip) VALUES (?, ?, ?, ?)')
  const byId = database.prepare('SELECT id, data, timestamp, source_ip FROM record WHERE id = ?')
  const byNumber = database.prepare('SELECT id, data, timestamp, source_ip FROM record WHERE number = ?')
  const newestNumbers = database.prepare('SELECT number FROM record ORDER BY number DESC LIMIT ?')
  const countAll = database.prepare('SELECT count(*) AS total FROM record')

  let waiting: { record: StoredRecord; resolve: () => void; reject: (error: unknown) => void }[] = []

  /** Writes all that is waiting in one transaction: one sync for all of them. */
  function flush(): void {
    const batch = waiting
    waiting = []
    if (batch.length === 0) return
    try {
      database.exec('BEGIN IMMEDIATE')
      for (const { record } of batch) insert.run(record.id, record.data, record.timestamp, record.sourceIp)
      database.exec('COMMIT')
    } catch (error) {
      // A full disk has sometimes rolled back by itself.
      if (database.isTransaction) database.exec('ROLLBACK')
      const reason = isFull(error) ? new StoreFullError('The disk has no room for another record.', { cause: error }) : error
      for (const { reject } of batch) reject(reason)
      return
    }
    for (const { resolve } of batch) resolve()
  }

  return {
    add(record) {
      return new Promise((resolve, reject) => {
        if (waiting.length === 0) setImmediate(flush)
        waiting.push({ record, resolve, reject })
      })
    },
    get: (id) => toRecord(byId.get(id)),
    count: () => (countAll.get() as { total: number }).total,
    *newest(limit) {
      for (const { number } of newestNumbers.all(limit) as { number: number }[]) {
        const record = toRecord(byNumber.get(number))
        if (record) yield record
      }
    },
    close() {
      flush()
      database.close()
    },
  }
}

/** SQLITE_FULL, see https://www.sqlite.org/rescode.html#full */
function isFull(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === 13
}

function toRecord(row: unknown): StoredRecord | undefined {
  if (!row) return undefined
  const { id, data, timestamp, source_ip } = row as Row
  return { id, data, timestamp, sourceIp: source_ip }
}
