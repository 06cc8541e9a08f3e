import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { survive } from '../../services/data-ingestion/crash.fixture.ts'
import { postgresPrograms, startPostgres } from '../../services/data-ingestion/postgres.fixture.ts'

/**
 * Kills of a service on SQLite, and a tenth of it on PostgreSQL, whose own server does the writing and is not killed.
 */
const kills = Number(process.argv[2] ?? 1000)
/** Stores whose services are killed side by side: while one starts, another works. */
const stores = 2
const common = { writers: 8, withinMs: 500 }

const emit = (store: string) => (round: number, acknowledged: number) => {
  if (round % 50 === 49) console.log(`  ${store}: killed ${round + 1} times, ${acknowledged} records acknowledged`)
}
const close = (store: string, killed: number, acknowledged: number) =>
  console.log(`  ${store}: killed ${killed} times in all; all of ${acknowledged} acknowledged records are there, once and whole`)

async function killOnSqlite(store: number, rounds: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'kill-ingestion-'))
  try {
    return await survive({ ...common, environment: { DATA_DIR: folder }, rounds, emit: emit(`SQLite ${store}`) })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const rounds = Math.ceil(kills / stores)
const acknowledged = await Promise.all(Array.from({ length: stores }, (_, store) => killOnSqlite(store + 1, rounds)))
close(
  'SQLite',
  rounds * stores,
  acknowledged.reduce((sum, one) => sum + one),
)

const programs = postgresPrograms()
if (programs) {
  const server = await startPostgres(programs)
  try {
    const rounds = Math.ceil(kills / 10)
    const kept = await survive({ ...common, environment: { DATABASE_URL: server.url }, rounds, emit: emit('PostgreSQL') })
    close('PostgreSQL', rounds, kept)
  } finally {
    await server.remove()
  }
}
