import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Outcome } from './groups.ts'
import { openFile } from './sqlite-file.ts'
import { type Append, ClaimConflictError, claimSeconds, StoreFullError } from './store.ts'

/** The one thread that writes: while it waits for the disk, requests are read and answered by the other. */
export interface Writer {
  /** Writes a group in one transaction; one at a time. Throws StoreFullError, or SQLite's error, when nothing of it was kept. */
  write(group: readonly Append[]): Promise<Outcome[]>
  close(): Promise<void>
}

/** What it is told: the database, and how many pages of 4 KiB that may have at most. */
interface Task {
  readonly writes: string
  readonly maxPages: number | undefined
}

/** What it answers. Errors do not cross threads as what they are, so they are named. */
type Answer = { readonly outcomes: readonly (Outcome | 'conflict')[] } | { readonly full: string } | { readonly failed: Error }

/** How often (s) claims are looked through for old ones, and how many are removed then at most. */
const pruning = { seconds: 60, count: 10_000 }

/** Starts the writer of a database that is there. What goes wrong in it beside a write is a bug and ends the process. */
export function startWriter(file: string, maxPages?: number): Writer {
  // The file that this module is in: itself, or the bundle of the whole service, which in a thread does nothing but this.
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { writes: file, maxPages } satisfies Task,
    resourceLimits: { maxYoungGenerationSizeMb: 12, maxOldGenerationSizeMb: 64 },
  })
  worker.on('error', (error) => {
    throw error
  })
  const ended = once(worker, 'exit')
  return {
    async write(group) {
      const answered = once(worker, 'message') as Promise<[Answer]>
      worker.postMessage(group)
      const [answer] = await answered
      if ('full' in answer) throw new StoreFullError('The disk has no room for another record.', { cause: answer.full })
      if ('failed' in answer) throw answer.failed
      return answer.outcomes.map((outcome) =>
        outcome === 'conflict' ? new ClaimConflictError('Other data has been kept under this key.') : outcome,
      )
    },
    async close() {
      worker.postMessage('close')
      await ended
    },
  }
}

const task = workerData as Task | null
if (!isMainThread && parentPort && task?.writes) serve(task, parentPort)

function serve({ writes, maxPages }: Task, port: NonNullable<typeof parentPort>): void {
  const database = openFile(writes)
  if (maxPages) database.exec(`PRAGMA max_page_count = ${Number(maxPages)}`)
  const insert = database.prepare('INSERT INTO record (id, data, timestamp, source_ip) VALUES (?, ?, ?, ?)')
  const idsFrom = database.prepare('SELECT id FROM record WHERE number >= ? ORDER BY number LIMIT ?')
  const claimOf = database.prepare('SELECT fingerprint, first, count, timestamp FROM claim WHERE key = ?')
  const insertClaim = database.prepare('INSERT INTO claim (key, fingerprint, first, count, timestamp) VALUES (?, ?, ?, ?, ?)')
  const prune = database.prepare('DELETE FROM claim WHERE key IN (SELECT key FROM claim WHERE timestamp < ? LIMIT ?)')
  let pruned = 0

  function keep({ records, timestamp, sourceIp, claim }: Append): Outcome | 'conflict' {
    const before = claim && (claimOf.get(claim.key) as { fingerprint: string; first: number; count: number; timestamp: number } | undefined)
    if (before) {
      if (before.fingerprint !== claim.fingerprint) return 'conflict'
      const ids = (idsFrom.all(before.first, before.count) as { id: string }[]).map(({ id }) => id)
      return { ids, timestamp: before.timestamp, repeated: true }
    }
    let last = 0
    for (const { id, data } of records) last = Number(insert.run(id, data, timestamp, sourceIp).lastInsertRowid)
    if (claim) insertClaim.run(claim.key, claim.fingerprint, last - records.length + 1, records.length, timestamp)
    return { ids: records.map(({ id }) => id), timestamp, repeated: false }
  }

  function write(group: readonly Append[]): Answer {
    try {
      database.exec('BEGIN IMMEDIATE')
      const outcomes = group.map(keep)
      const now = Date.now() / 1000
      if (now - pruned > pruning.seconds) {
        prune.run(now - claimSeconds, pruning.count)
        pruned = now
      }
      database.exec('COMMIT')
      return { outcomes }
    } catch (error) {
      // A full disk has sometimes rolled back by itself.
      if (database.isTransaction) database.exec('ROLLBACK')
      return isFull(error) ? { full: String(error) } : { failed: error as Error }
    }
  }

  port.on('message', (message: readonly Append[] | 'close') => {
    if (message !== 'close') return port.postMessage(write(message))
    database.close()
    port.close()
  })
}

/** SQLITE_FULL, see https://www.sqlite.org/rescode.html#full */
function isFull(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === 13
}
