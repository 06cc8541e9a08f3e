import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createGroups, type Outcome } from './groups.ts'
import { type Append, ClaimConflictError, claimSeconds, type Kept, type Store, type StoredRecord, StoreFullError } from './store.ts'

export interface SqliteOptions {
  /** The most the database may hold, in pages of 4 KiB; for tests of what happens then. */
  readonly maxPages?: number
}

/**
 * One step each; how many have been made is the database's `user_version`. Records are never deleted and numbered without gaps (a
 * number that was rolled back is given again), so the last number is how many there are.
 */
const migrations = [
  `CREATE TABLE IF NOT EXISTS record (
     number INTEGER PRIMARY KEY AUTOINCREMENT,
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
]

/** How often (s) claims are looked through for old ones, and how many are removed then at most. */
const pruning = { seconds: 60, count: 10_000 }

/**
 * Opens the store in a folder, which is made where it is missing.
 *
 * WAL with full sync: a commit returns when the log is on the disk, readers go on meanwhile, and what was committed survives
 * a kill or a loss of power (https://www.sqlite.org/pragma.html#pragma_synchronous).
 *
 * @throws the system's error when the folder cannot be made or written to
 */
export function openSqlite(folder: string, { maxPages }: SqliteOptions = {}): Store {
  const database = openDatabase(folder)
  if (maxPages) database.exec(`PRAGMA max_page_count = ${Number(maxPages)}`)
  const insert = database.prepare('INSERT INTO record (id, data, timestamp, source_ip) VALUES (?, ?, ?, ?)')
  const byId = database.prepare('SELECT id, data, timestamp, source_ip AS sourceIp FROM record WHERE id = ?')
  const byNumber = database.prepare('SELECT id, data, timestamp, source_ip AS sourceIp FROM record WHERE number = ?')
  const numberOf = database.prepare('SELECT number FROM record WHERE id = ?')
  const idsFrom = database.prepare('SELECT id FROM record WHERE number >= ? ORDER BY number LIMIT ?')
  const lastNumber = database.prepare('SELECT coalesce(max(number), 0) AS number FROM record')
  const claimOf = database.prepare('SELECT fingerprint, first, count, timestamp FROM claim WHERE key = ?')
  const insertClaim = database.prepare('INSERT INTO claim (key, fingerprint, first, count, timestamp) VALUES (?, ?, ?, ?, ?)')
  const prune = database.prepare('DELETE FROM claim WHERE key IN (SELECT key FROM claim WHERE timestamp < ? LIMIT ?)')
  let pruned = 0

  function keep({ records, timestamp, sourceIp, claim }: Append): Outcome {
    const before = claim && (claimOf.get(claim.key) as { fingerprint: string; first: number; count: number; timestamp: number } | undefined)
    if (before) {
      if (before.fingerprint !== claim.fingerprint) return new ClaimConflictError('Other data has been kept under this key.')
      const ids = (idsFrom.all(before.first, before.count) as { id: string }[]).map(({ id }) => id)
      return { ids, timestamp: before.timestamp, repeated: true }
    }
    let last = 0
    for (const { id, data } of records) last = Number(insert.run(id, data, timestamp, sourceIp).lastInsertRowid)
    if (claim) insertClaim.run(claim.key, claim.fingerprint, last - records.length + 1, records.length, timestamp)
    return { ids: records.map(({ id }) => id), timestamp, repeated: false } satisfies Kept
  }

  const groups = createGroups((group) => {
    try {
      database.exec('BEGIN IMMEDIATE')
      const outcomes = group.map(keep)
      const now = Date.now() / 1000
      if (now - pruned > pruning.seconds) {
        prune.run(now - claimSeconds, pruning.count)
        pruned = now
      }
      database.exec('COMMIT')
      return outcomes
    } catch (error) {
      // A full disk has sometimes rolled back by itself.
      if (database.isTransaction) database.exec('ROLLBACK')
      throw isFull(error) ? new StoreFullError('The disk has no room for another record.', { cause: error }) : error
    }
  })

  const total = () => (lastNumber.get() as { number: number }).number

  function* read(first: number, last: number): Generator<StoredRecord> {
    for (let number = first; number >= last; number--) yield byNumber.get(number) as unknown as StoredRecord
  }

  return {
    append: groups.add,
    get: async (id) => byId.get(id) as StoredRecord | undefined,
    async page(limit, before) {
      const end = before === undefined ? total() + 1 : (numberOf.get(before) as { number: number } | undefined)?.number
      if (end === undefined) return undefined
      const last = Math.max(1, end - limit)
      return { total: total(), records: read(end - 1, last), more: last > 1 }
    },
    trouble: async () => undefined,
    async close() {
      await groups.idle()
      database.close()
    },
  }
}

function openDatabase(folder: string): DatabaseSync {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'records.db')
  // SQLite would make it readable to everybody; its log files take over the permissions of this one.
  closeSync(openSync(file, 'a', 0o600))
  // A file is on the disk when its name in the folder is as well.
  const entry = openSync(folder, 'r')
  fsyncSync(entry)
  closeSync(entry)
  const database = new DatabaseSync(file, { timeout: 5000 })
  // On macOS a sync reaches the disk's cache only, unless it is asked for in full.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON')
  database.exec('BEGIN IMMEDIATE')
  const { user_version: made } = database.prepare('PRAGMA user_version').get() as { user_version: number }
  for (const migration of migrations.slice(made)) database.exec(migration)
  if (made < migrations.length) database.exec(`PRAGMA user_version = ${migrations.length}`)
  database.exec('COMMIT')
  return database
}

/** SQLITE_FULL, see https://www.sqlite.org/rescode.html#full */
function isFull(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === 13
}
