import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ApiError, type Store } from './cloud.ts'
import { globalKinds, type Kind, type Records } from './records.ts'

/** SQLite's primary result codes: https://www.sqlite.org/rescode.html */
const SQLITE_IOERR = 10
const SQLITE_FULL = 13

/**
 * The cloud's memory in one SQLite file. Records come back from `list` in the order in which they were first put.
 * @param file absolute path; made when absent, readable by its owner only as the folder is
 * @param region of what was kept by a version that knew one region only
 * @param limit the file's greatest size in pages of 4 KiB; for tests of a full disk
 */
export function createStore(file: string, { region = '', limit }: { region?: string; limit?: number } = {}): Store {
  const database = new DatabaseSync(file)
  const withRoom = roomIn(path.dirname(file))
  // Synchronous FULL in WAL mode syncs the log at every commit: what a call acknowledged survives a kill and a power
  // cut.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000')
  withRoom(() => makeTable(database, region))
  if (limit) database.exec(`PRAGMA max_page_count = ${Math.trunc(limit)}`)

  const [here, ofHere] = ['kind = :kind AND region = :region', 'kind = :kind AND region = :region AND id = :id']
  const [all, ofAll] = ['kind = :kind', 'kind = :kind AND id = :id']
  const insert = 'INSERT INTO record (kind, id, json, region) VALUES (:kind, :id, :json, :region)'
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

  /** @param where the conditions by which a kind, and one record of it, are found; `at` names the region of a kind */
  function view(where: { readonly kind: string; readonly one: string }, at: (kind: Kind) => { region?: string }): Store {
    const get = database.prepare(`SELECT json FROM record WHERE ${where.one}`)
    const list = database.prepare(`SELECT json FROM record WHERE ${where.kind} ORDER BY rowid`)
    const change = database.prepare(`UPDATE record SET json = :json WHERE ${where.one}`)
    const add = database.prepare(insert)
    const remove = database.prepare(`DELETE FROM record WHERE ${where.one}`)
    return {
      in: regional,
      get everywhere() {
        return everywhere
      },
      get<K extends Kind>(kind: K, id: string): Records[K] | undefined {
        const row = get.get({ kind, id, ...at(kind) })
        return row && JSON.parse(String(row.json))
      },
      list<K extends Kind>(kind: K): Records[K][] {
        return list.all({ kind, ...at(kind) }).map((row) => JSON.parse(String(row.json)))
      },
      put(kind, id, record) {
        const row = { kind, id, json: JSON.stringify(record), ...at(kind) }
        withRoom(() => change.run(row).changes > 0 || add.run({ region: '', ...row }))
      },
      delete(kind, id) {
        withRoom(() => remove.run({ kind, id, ...at(kind) }))
      },
      transaction,
      close() {
        if (database.isOpen) database.close()
      },
    }
  }

  const regions = new Map<string, Store>()
  function regional(name: string): Store {
    const made = regions.get(name) ?? view({ kind: here, one: ofHere }, (kind) => ({ region: globalKinds.includes(kind) ? '' : name }))
    regions.set(name, made)
    return made
  }
  const everywhere = view({ kind: all, one: ofAll }, () => ({}))
  return everywhere
}

/** Makes the table where it is not there, and gives what an older version has kept in it its region. */
function makeTable(database: DatabaseSync, region: string): void {
  const [version] = Object.values(database.prepare('PRAGMA user_version').get()!)
  if (version === 1) return
  const known = globalKinds.map((kind) => `'${kind}'`).join(', ')
  const [old] = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'record'").all()
  database.exec('BEGIN IMMEDIATE')
  if (old) database.exec('ALTER TABLE record RENAME TO older')
  database.exec(
    'CREATE TABLE record (kind TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, region TEXT NOT NULL, UNIQUE (kind, id, region))',
  )
  if (old) {
    const copy = database.prepare(
      `INSERT INTO record SELECT kind, id, iif(kind = 'instance', json_set(json, '$.Region', :region), json), iif(kind IN (${known}), '', :region)
       FROM older ORDER BY rowid`,
    )
    copy.run({ region })
    database.exec('DROP TABLE older')
  }
  database.exec('PRAGMA user_version = 1; COMMIT')
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
