import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresPrograms, startPostgres } from '../../services/data-ingestion/postgres.fixture.ts'
import { startChild, stopChild } from '../../services/kit/child.fixture.ts'
import { startBundled } from '../support/bundled-service.ts'
import { memory, type Request, ratio } from './measure.fixture.ts'
import { atLeast, type Bench, type Row } from './row.fixture.ts'

const body = JSON.stringify({ sensor: 'press-7', temperature: 71.3, vibration: [0.12, 0.09, 0.31], ok: true })
const request = { path: '/ingest', body, expect: 201, connections: 128 } satisfies Request
const answer = { status: 'success', id: 1_000_000, timestamp: '2026-07-01T12:00:00.000Z' }

const service = (environment: Record<string, string>) => startBundled('data-ingestion', environment)

/**
 * `/ingest` against a bare server that answers the same: with SQLite, with PostgreSQL, and how much memory a million
 * requests leave.
 */
const bench: Bench = async (emit) => {
  const rows: Row[] = []
  const bare = await startChild(`${import.meta.dirname}/bare.fixture.ts`, { ANSWER: JSON.stringify(answer), STATUS: '201' })
  const folder = mkdtempSync(join(tmpdir(), 'bench-ingest-'))
  try {
    const sqlite = await service({ DATA_DIR: folder })
    rows.push(atLeast('/ingest on SQLite ÷ bare node:http', await ratio(request, sqlite, bare, emit), 0.4))
    rows.push(...(await memory('data-ingestion', request, sqlite, Number(process.env.BENCH_REQUESTS ?? 1_000_000), emit)))
    await stopChild(sqlite)

    const programs = postgresPrograms()
    if (programs) {
      const server = await startPostgres(programs)
      const postgres = await service({ DATABASE_URL: server.url })
      rows.push(atLeast('/ingest on PostgreSQL ÷ bare node:http', await ratio(request, postgres, bare, emit), 0.25))
      await stopChild(postgres)
      await server.remove()
    }
  } finally {
    await stopChild(bare)
    rmSync(folder, { recursive: true, force: true })
  }
  return rows
}
export default bench
