import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Outcome } from './groups.ts'
import { isDiskTrouble, isFull, openFile } from './sqlite-file.ts'
import { type Append, ClaimConflictError, claimSeconds, type Kept, StoreFullError, StoreUnavailableError } from './store.ts'

/** The one thread that writes: while it waits for the disk, requests are read and answered by the other. */
export interface Writer {
  /**
   * Writes a group in one transaction; one at a time. Throws StoreFullError, or SQLite's error, when nothing of it was
   * kept, and StoreUnavailableError when nobody can tell.
   */
  write(group: readonly Append[]): Promise<Outcome[]>
  close(): Promise<void>
}

/** What it is told: the database, and how many pages of 4 KiB that may have at most. */
interface Task {
  readonly writes: string
  readonly maxPages: number | undefined
}

/** A group in columns: to take objects from one thread to the other costs more than to take texts. */
interface Columns {
  /** Of each append: how many records, when, from where. */
  readonly counts: readonly number[]
  readonly timestamps: readonly number[]
  readonly sources: readonly string[]
  /** By the index of their append. */
  readonly claims: ReadonlyMap<number, { readonly key: string; readonly fingerprint: string }>
  /** The appends that are taken back. */
  readonly dryRuns: ReadonlySet<number>
  /** Of each record: its JSON text. */
  readonly texts: readonly string[]
}

/** Under a claim: what was kept under it before, or that this was something else. */
type Claimed = Kept | 'conflict'

/**
 * What it answers: everything was kept, except where something is said by the append's index. Errors do not cross
 * threads as what they are, so they are named.
 */
type Answer =
  | { readonly firsts: readonly number[]; readonly claimed: ReadonlyMap<number, Claimed> }
  | { readonly full: string }
  | { readonly trouble: string }
  | { readonly failed: Error }

/** How often (s) claims are looked through for old ones, and how many are removed then at most. */
const pruning = { seconds: 60, count: 10_000 }

/**
 * Starts the writer of a database that is there. What goes wrong in it beside a write is a bug and ends the process.
 */
export function startWriter(file: string, maxPages?: number): Writer {
  // The file that this module is in: itself, or the bundle of the whole service, which in a thread does nothing but
  // this.
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
      worker.postMessage(columnsOf(group))
      const [answer] = await answered
      if ('full' in answer) throw new StoreFullError('The disk has no room for another record.', { cause: answer.full })
      if ('trouble' in answer) throw new StoreUnavailableError('The disk cannot be written at the moment.', { cause: answer.trouble })
      if ('failed' in answer) throw answer.failed
      return group.map(({ texts, timestamp }, index) => {
        const claimed = answer.claimed.get(index)
        if (claimed === 'conflict') return new ClaimConflictError('Other data has been kept under this key.')
        return claimed ?? { first: answer.firsts[index]!, count: texts.length, timestamp, repeated: false }
      })
    },
    async close() {
      worker.postMessage('close')
      await ended
    },
  }
}

function columnsOf(group: readonly Append[]): Columns {
  const texts: string[] = []
  const claims = new Map<number, NonNullable<Append['claim']>>()
  const dryRuns = new Set<number>()
  for (const [index, append] of group.entries()) {
    const { claim, dryRun } = append
    for (const text of append.texts) texts.push(text)
    if (claim) claims.set(index, claim)
    if (dryRun) dryRuns.add(index)
  }
  return {
    texts,
    claims,
    dryRuns,
    counts: group.map((append) => append.texts.length),
    timestamps: group.map(({ timestamp }) => timestamp),
    sources: group.map(({ sourceIp }) => sourceIp),
  }
}

const task = workerData as Task | null
if (!isMainThread && parentPort && task?.writes) serve(task, parentPort)

function serve({ writes, maxPages }: Task, port: NonNullable<typeof parentPort>): void {
  const database = openFile(writes)
  if (maxPages) database.exec(`PRAGMA max_page_count = ${Number(maxPages)}`)
  const insert = database.prepare('INSERT INTO record (id, data, timestamp, source_ip) VALUES (?, ?, ?, ?)')
  const lastId = database.prepare('SELECT coalesce(max(id), 0) AS id FROM record')
  const claimOf = database.prepare('SELECT fingerprint, first, count, timestamp FROM claim WHERE key = ?')
  const insertClaim = database.prepare('INSERT INTO claim (key, fingerprint, first, count, timestamp) VALUES (?, ?, ?, ?, ?)')
  const prune = database.prepare('DELETE FROM claim WHERE key IN (SELECT key FROM claim WHERE timestamp < ? LIMIT ?)')
  let pruned = 0

  /** What has been kept under a claim before; undefined where nothing has. */
  function claimed({ key, fingerprint }: NonNullable<Append['claim']>): Claimed | undefined {
    const before = claimOf.get(key) as { fingerprint: string; first: number; count: number; timestamp: number } | undefined
    if (!before) return undefined
    if (before.fingerprint !== fingerprint) return 'conflict'
    const { first, count, timestamp } = before
    return { first, count, timestamp, repeated: true }
  }

  /** Within a transaction. */
  function keep({ counts, timestamps, sources, claims, dryRuns, texts }: Columns) {
    const known = new Map<number, Claimed>()
    const firsts: number[] = []
    let { id } = lastId.get() as { id: number }
    let at = 0
    for (const [index, count] of counts.entries()) {
      const end = at + count
      firsts.push(id + 1)
      const claim = claims.get(index)
      const before = claim && claimed(claim)
      if (before) known.set(index, before)
      else {
        const timestamp = timestamps[index]!
        const [dryRun, last] = [dryRuns.has(index), id]
        if (dryRun) database.exec('SAVEPOINT dry_run')
        if (claim) insertClaim.run(claim.key, claim.fingerprint, id + 1, count, timestamp)
        for (const text of texts.slice(at, end)) insert.run(++id, text, timestamp, sources[index]!)
        if (dryRun) {
          database.exec('ROLLBACK TO dry_run; RELEASE dry_run')
          id = last
        }
      }
      at = end
    }
    return { firsts, claimed: known }
  }

  function write(columns: Columns): Answer {
    try {
      database.exec('BEGIN IMMEDIATE')
      const kept = keep(columns)
      const now = Date.now() / 1000
      if (now - pruned > pruning.seconds) {
        prune.run(now - claimSeconds, pruning.count)
        pruned = now
      }
      database.exec('COMMIT')
      return kept
    } catch (error) {
      // A full disk has sometimes rolled back by itself.
      if (database.isTransaction) database.exec('ROLLBACK')
      if (isFull(error)) return { full: String(error) }
      return isDiskTrouble(error) ? { trouble: String(error) } : { failed: error as Error }
    }
  }

  port.on('message', (message: Columns | 'close') => {
    if (message !== 'close') return port.postMessage(write(message))
    database.close()
    port.close()
  })
}
