import postgres, { type Sql } from 'postgres'
import { StoreFullError, StoreUnavailableError } from './store.ts'

/**
 * One step each; the table `migration` has a row for each that was made. The data stays a text: `json` would refuse
 * what nests deeply, and `jsonb` would change large numbers. `data::json` makes it queryable.
 */
const migrations = [
  `CREATE TABLE record (
     number bigint PRIMARY KEY,
     id uuid NOT NULL UNIQUE,
     data text NOT NULL,
     timestamp double precision NOT NULL,
     source_ip text NOT NULL
   );
   CREATE TABLE total (records bigint NOT NULL);
   INSERT INTO total VALUES (0);
   CREATE TABLE claim (
     key text PRIMARY KEY,
     fingerprint text NOT NULL,
     first bigint NOT NULL,
     count bigint NOT NULL,
     timestamp double precision NOT NULL
   );
   CREATE INDEX claim_timestamp ON claim (timestamp)`,
  // The number becomes what clients call a record by.
  `ALTER TABLE record DROP COLUMN id;
   ALTER TABLE record RENAME COLUMN number TO id`,
]

export interface Connecting {
  /** As the config calls the service; its tables are in a schema of that name. */
  readonly name: string
  /** How long to wait at the start for a server that is not there yet, in seconds. */
  readonly patience?: number
}

/**
 * Connects to a PostgreSQL server and makes the tables that are missing. Several services that start at the same time
 * do not get in each other's way.
 *
 * @param url `postgres://user:password@host:port/database`, with `?sslmode=require` where the server is not on this
 *   machine
 * @throws Error with a finished sentence, without the password, when the server cannot be reached or refuses
 */
export async function connectPostgres(url: string, { name, patience = 30 }: Connecting): Promise<Sql> {
  if (!/^postgres(ql)?:\/\//.test(url))
    throw new Error('DATABASE_URL is no URL of a PostgreSQL database: expected postgres://user:password@host:port/database.')
  const schema = name.replaceAll('-', '_')
  const deadline = performance.now() + patience * 1000
  for (let wait = 100; ; wait = Math.min(wait * 2, 2000)) {
    try {
      const options = await settingsOf(url, schema)
      return postgres(url, options)
    } catch (error) {
      const passing = explain(error) instanceof StoreUnavailableError
      if (passing && performance.now() + wait < deadline) {
        await new Promise((resolve) => setTimeout(resolve, wait))
        continue
      }
      throw new Error(`The database of DATABASE_URL cannot be used: ${(error as Error).message}`, { cause: error })
    }
  }
}

/** Migrates, and finds out with which options a connection promises what a 201 says. */
async function settingsOf(url: string, schema: string) {
  const options = {
    onnotice: () => {},
    connect_timeout: 5,
    // Waits between attempts to connect, in s; the driver's own grow to 15.
    backoff: () => 0.2,
    // The service asks for little at once: one group of records, and reads.
    max: 6,
    connection: { application_name: schema, search_path: schema, statement_timeout: 15_000 },
  }
  const sql = postgres(url, { ...options, max: 1 })
  try {
    await migrate(sql, schema)
    const [settings] = await sql<{ commit: string }[]>`SELECT current_setting('synchronous_commit') AS commit`
    // A server may be set to acknowledge first and write later. We may not.
    return settings?.commit === 'off' ? { ...options, connection: { ...options.connection, synchronous_commit: 'on' } } : options
  } finally {
    await sql.end({ timeout: 1 })
  }
}

async function migrate(sql: Sql, schema: string): Promise<void> {
  await sql.begin(async (step) => {
    // Held until the end of the transaction: whoever comes second finds all done.
    await step`SELECT pg_advisory_xact_lock(hashtext(${schema}))`
    const [there] = await step`SELECT 1 FROM information_schema.schemata WHERE schema_name = ${schema}`
    if (!there) await step`CREATE SCHEMA ${step(schema)}`
    await step`CREATE TABLE IF NOT EXISTS migration (number int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())`
    const [made] = await step<{ count: number }[]>`SELECT count(*)::int AS count FROM migration`
    for (const [index, text] of migrations.entries()) {
      if (index < made!.count) continue
      await step.unsafe(text)
      await step`INSERT INTO migration (number) VALUES (${index + 1})`
    }
  })
}

/**
 * Errors of the network and of the driver, and what a server says when it starts, ends, has too many connections or may
 * only be read.
 */
const unavailable = new RegExp(
  `^(${[
    'ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN',
    'CONNECT_TIMEOUT|CONNECTION_(CLOSED|ENDED|DESTROYED)',
    '08...|57P0[1-5]|53300|25006|57014|40001|40P01|55P03',
  ].join('|')})$`,
)

/**
 * Tells errors that a client should hear of from bugs.
 *
 * @returns StoreFullError, StoreUnavailableError or the error itself; for the codes see
 *   https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
export function explain(error: unknown): unknown {
  const code = String((error as { code?: unknown }).code ?? '')
  if (code === '53100') return new StoreFullError('The database has no room for another record.', { cause: error })
  if (unavailable.test(code)) return new StoreUnavailableError('The database cannot be reached.', { cause: error })
  return error
}
