import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ApiError, type Store } from './cloud.ts'
import type { Kind, Records } from './records.ts'

/** SQLite's primary result codes: https://www.sqlite.org/rescode.html */
const SQLITE_IOERR = 10
const SQLITE_FULL = 13

/**
 * The cloud's memory in one SQLite file. Records come back from `list` in the order in which they were first put.
 * @param file absolute path; made when absent, readable by its owner only as the folder is
 * @param limit the file's greatest size in pages of 4 KiB; for tests of a full disk
 */
export function createStore(file: string, { limit }: { limit?: number } = {}): Store {
  const database = new DatabaseSync(file)
  const withRoom = roomIn(path.dirname(file))
  // Synchronous FULL in WAL mode syncs the log at every commit: what a call acknowledged survives a kill and a power
  // cut.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000')
  database.exec('CREATE TABLE IF NOT EXISTS record (kind TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, UNIQUE (kind, id))')
  if (limit) database.exec(`PRAGMA max_page_count = ${Math.trunc(limit)}`)

  const get = database.prepare('SELECT json FROM record WHERE kind = ? AND id = ?')
  const list = database.prepare('SELECT json FROM record WHERE kind = ? ORDER BY rowid')
  const put = database.prepare(
    'INSERT INTO record (kind, id, json) VALUES (?, ?, ?) ON CONFLICT (kind, id) DO UPDATE SET json = excluded.json',
  )
  const remove = database.prepare('DELETE FROM record WHERE kind = ? AND id = ?')
  let open = false

  function transaction<T>(work: () => T): T {
    if (open) return work()
    return withRoom(() => {
      database.exec('BEGIN IMMEDIATE')
      open = true
      try {
        const result = work()
        database.exec('COMMIT')
        return result
      } catch (error) {
        // A full disk makes SQLite roll back by itself.
        if (database.isTransaction) database.exec('ROLLBACK')
        throw error
      } finally {
        open = false
      }
    })
  }

  return {
    get<K extends Kind>(kind: K, id: string): Records[K] | undefined {
      const row = get.get(kind, id)
      return row && JSON.parse(String(row.json))
    },
    list<K extends Kind>(kind: K): Records[K][] {
      return list.all(kind).map((row) => JSON.parse(String(row.json)))
    },
    put(kind, id, record) {
      withRoom(() => put.run(kind, id, JSON.stringify(record)))
    },
    delete(kind, id) {
      withRoom(() => remove.run(kind, id))
    },
    transaction,
    close() {
      if (database.isOpen) database.close()
    },
  }
}

/** Turns SQLite's words for a full disk into an answer; every other error goes on as it is. */
function roomIn(folder: string): <T>(work: () => T) => T {
  return (work) => {
    try {
      return work()
    } catch (error) {
      const { errcode, code } = error as { errcode?: number; code?: string }
      const primary = (errcode ?? 0) & 0xff
      if (primary !== SQLITE_FULL && primary !== SQLITE_IOERR && code !== 'ENOSPC') throw error
      const what = primary === SQLITE_IOERR ? 'cannot be written to' : 'is full'
      const message = `The disk that holds ${folder} ${what}. Nothing was changed. Free some space there, then run the same command again: df -h ${folder}`
      throw new ApiError('InsufficientStorage', message, 507)
    }
  }
}
