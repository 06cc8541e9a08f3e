import { setTimeout } from 'node:timers/promises'
import type { Sql, TransactionSql } from 'postgres'
import { createGroups, type Outcome } from './groups.ts'
import { type Connecting, connectPostgres, explain } from './postgres-connection.ts'
import { type Append, ClaimConflictError, claimSeconds, type Store, type StoredRecord, StoreUnavailableError } from './store.ts'

/** How many records a list reads at once. */
const pieceRecords = 10
/** A page's records are read so many bytes at a time, or one by one. */
const pieceBytes = 512 * 1024

/** How long (ms) the server may take for a group; the connection may be gone without either side knowing. */
const patienceMs = 20_000

/** How often (s) claims are looked through for old ones, and how many are removed then at most. */
const pruning = { seconds: 60, count: 10_000 }

interface Claim {
  readonly key: string
  readonly fingerprint: string
  readonly first: number
  readonly count: number
  readonly timestamp: number
}

/**
 * Opens the store on a PostgreSQL server, which several instances of the service may share.
 *
 * Every group of records is one transaction under the lock of one row, the total. So records are numbered in the order
 * in which they are committed and without gaps, the total is known without counting, and nobody who reads from the
 * newest to the oldest misses one.
 *
 * @throws Error with a finished sentence when the server cannot be reached or refuses
 */
export async function openPostgres(url: string, connecting: Connecting): Promise<Store> {
  const sql = await connectPostgres(url, connecting)
  let pruned = 0

  async function write(step: TransactionSql, group: readonly Append[]): Promise<Outcome[]> {
    const [row] = await step<{ records: string }[]>`SELECT records FROM total FOR UPDATE`
    const claims = await claimsOf(step, group)
    const rows: StoredRecord[] = []
    const fresh: Claim[] = []
    let total = Number(row!.records)
    const outcomes: Outcome[] = []
    const taken: StoredRecord[] = []
    for (const { texts, timestamp, sourceIp, claim, dryRun } of group) {
      const before = claim && claims.get(claim.key)
      if (before) {
        const { first, count } = before
        outcomes.push(
          before.fingerprint === claim.fingerprint
            ? { first, count, timestamp: before.timestamp, repeated: true }
            : new ClaimConflictError('Other data has been kept under this key.'),
        )
        continue
      }
      const kept = { first: total + 1, count: texts.length, timestamp }
      if (claim) {
        claims.set(claim.key, { ...claim, ...kept })
        fresh.push({ ...claim, ...kept })
      }
      if (dryRun) taken.push(...texts.map((data, index) => ({ id: total + 1 + index, data, timestamp, sourceIp })))
      else for (const data of texts) rows.push({ id: ++total, data, timestamp, sourceIp })
      outcomes.push({ ...kept, repeated: false })
    }
    await Promise.all([
      rows.length > 0 && insertRows(step, rows),
      rows.length > 0 && step`UPDATE total SET records = ${total}`,
      fresh.length > 0 && insertClaims(step, fresh),
    ])
    for (const record of taken) await takeBack(step, record)
    await prune(step)
    return outcomes
  }

  async function prune(step: TransactionSql): Promise<void> {
    const now = Date.now() / 1000
    if (now - pruned < pruning.seconds) return
    pruned = now
    await step`DELETE FROM claim WHERE key IN (SELECT key FROM claim WHERE timestamp < ${now - claimSeconds} LIMIT ${pruning.count})`
  }

  const groups = createGroups(async (group) => {
    const written = sql.begin((step) => write(step, group)).catch(failed)
    const giveUp = new AbortController()
    const late = setTimeout(patienceMs, undefined, { signal: giveUp.signal }).then(() => {
      throw new StoreUnavailableError('The database does not answer.')
    })
    try {
      return await Promise.race([written, late])
    } finally {
      giveUp.abort()
      late.catch(() => {})
    }
  })

  const columns = sql`id::float8, data, timestamp, source_ip AS "sourceIp"`

  async function* read(first: number, last: number, piece: number): AsyncGenerator<StoredRecord> {
    for (let from = first; from >= last; from -= piece) {
      const to = Math.max(last, from - piece + 1)
      yield* await sql<StoredRecord[]>`SELECT ${columns} FROM record WHERE id BETWEEN ${to} AND ${from} ORDER BY id DESC`
    }
  }

  return {
    append: groups.add,
    async get(id) {
      const [record] = await sql<StoredRecord[]>`SELECT ${columns} FROM record WHERE id = ${id}`.catch(failed)
      return record
    },
    async page(limit, before) {
      const [found] = await sql<{ total: string; end: string | null }[]>`
        SELECT records AS total,
          ${before === undefined ? sql`records + 1` : sql`(SELECT id FROM record WHERE id = ${before})`} AS end
        FROM total`.catch(failed)
      if (!found || found.end === null) return undefined
      const end = Number(found.end)
      const last = Math.max(1, end - limit)
      const [{ bytes }] = await sql<[{ bytes: number }]>`
        SELECT coalesce(max(octet_length(data)), 0) AS bytes FROM record WHERE id BETWEEN ${last} AND ${end - 1}`.catch(failed)
      const piece = Math.max(1, Math.min(pieceRecords, Math.floor(pieceBytes / (bytes + 1))))
      return { total: Number(found.total), records: read(end - 1, last, piece), held: piece * bytes, more: last > 1 }
    },
    trouble: () => troubleOf(sql),
    async close() {
      await groups.idle()
      await sql.end({ timeout: 5 })
    },
  }
}

function failed(error: unknown): never {
  throw explain(error)
}

async function claimsOf(step: TransactionSql, group: readonly Append[]): Promise<Map<string, Claim>> {
  const keys = group.flatMap(({ claim }) => (claim ? [claim.key] : []))
  if (keys.length === 0) return new Map()
  const rows = await step<Claim[]>`
    SELECT key, fingerprint, first::float8, count::float8, timestamp FROM claim WHERE key = ANY(${keys}::text[])`
  return new Map(rows.map((row) => [row.key, row]))
}

/** Writes a record under the id that it would have if it were the next, and takes it back. */
async function takeBack(step: TransactionSql, record: StoredRecord): Promise<void> {
  const written = new Error('It was written.')
  const work = async (within: TransactionSql) => {
    await insertRows(within, [record])
    throw written
  }
  await step.savepoint(work).catch((error) => {
    if (error !== written) throw error
  })
}

/** One statement whatever their number, so that the server prepares it once. */
function insertRows(step: TransactionSql, rows: readonly StoredRecord[]) {
  return step`
    INSERT INTO record (id, data, timestamp, source_ip)
    SELECT * FROM unnest(
      ${rows.map(({ id }) => id)}::bigint[], ${rows.map(({ data }) => data)}::text[],
      ${rows.map(({ timestamp }) => timestamp)}::float8[], ${rows.map(({ sourceIp }) => sourceIp)}::text[])`
}

function insertClaims(step: TransactionSql, claims: readonly Claim[]) {
  return step`
    INSERT INTO claim (key, fingerprint, first, count, timestamp)
    SELECT * FROM unnest(
      ${claims.map(({ key }) => key)}::text[], ${claims.map(({ fingerprint }) => fingerprint)}::text[],
      ${claims.map(({ first }) => first)}::bigint[], ${claims.map(({ count }) => count)}::bigint[],
      ${claims.map(({ timestamp }) => timestamp)}::float8[])`
}

async function troubleOf(sql: Sql): Promise<string | undefined> {
  const answered = sql`SELECT 1`.then(
    () => true,
    () => false,
  )
  const giveUp = new AbortController()
  const late = setTimeout(2000, false, { signal: giveUp.signal }).catch(() => false)
  const there = await Promise.race([answered, late])
  giveUp.abort()
  return there ? undefined : 'the database does not answer'
}
