import { createGroups } from './groups.ts'
import { openFile, prepareFile } from './sqlite-file.ts'
import { startWriter } from './sqlite-writer.ts'
import type { Store, StoredRecord } from './store.ts'

export interface SqliteOptions {
  /** The most the database may hold, in pages of 4 KiB; for tests of what happens then. */
  readonly maxPages?: number
}

/**
 * Opens the store in a folder, which is made where it is missing. A thread of its own writes, in groups; this one only
 * reads, and never waits for a sync.
 *
 * @throws the system's error when the folder cannot be made or written to
 */
export function openSqlite(folder: string, { maxPages }: SqliteOptions = {}): Store {
  const file = prepareFile(folder)
  const database = openFile(file)
  database.exec('PRAGMA query_only = ON')
  const byId = database.prepare('SELECT id, data, timestamp, source_ip AS sourceIp FROM record WHERE id = ?')
  const lastId = database.prepare('SELECT coalesce(max(id), 0) AS id FROM record')
  // Not `length`, which would read all of them.
  const largest = database.prepare('SELECT coalesce(max(octet_length(data)), 0) AS bytes FROM record WHERE id BETWEEN ? AND ?')
  const writer = startWriter(file, maxPages)
  const groups = createGroups(writer.write)

  const total = () => (lastId.get() as { id: number }).id

  function* read(first: number, last: number): Generator<StoredRecord> {
    for (let id = first; id >= last; id--) yield byId.get(id) as unknown as StoredRecord
  }

  return {
    append: groups.add,
    get: async (id) => byId.get(id) as StoredRecord | undefined,
    async page(limit, before) {
      const end = before ?? total() + 1
      if (before !== undefined && !byId.get(before)) return undefined
      const last = Math.max(1, end - limit)
      const { bytes: held } = largest.get(last, end - 1) as { bytes: number }
      return { total: total(), records: read(end - 1, last), held, more: last > 1 }
    },
    trouble: async () => undefined,
    async close() {
      await groups.idle()
      await writer.close()
      // The last one to close takes the log into the database.
      database.close()
    },
  }
}
