import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { survive } from '../../services/data-ingestion/crash.fixture.ts'
import { postgresPrograms, startPostgres } from '../../services/data-ingestion/postgres.fixture.ts'

const rounds = Number(process.argv[2] ?? 1000)

const tell = (store: string) => (round: number, acknowledged: number) => {
  if (round % 50 === 49) console.log(`  ${store}: killed ${round + 1} times, ${acknowledged} records acknowledged`)
}
const common = { writers: 8, withinMs: 500 }

const folder = mkdtempSync(join(tmpdir(), 'kill-ingestion-'))
try {
  await survive({ ...common, environment: { DATA_DIR: folder }, rounds, tell: tell('SQLite') })
} finally {
  rmSync(folder, { recursive: true, force: true })
}

const programs = postgresPrograms()
if (programs) {
  const server = await startPostgres(programs)
  try {
    await survive({ ...common, environment: { DATABASE_URL: server.url }, rounds: Math.ceil(rounds / 10), tell: tell('PostgreSQL') })
  } finally {
    await server.remove()
  }
}
