import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresPrograms, startPostgres } from '../../services/data-ingestion/postgres.fixture.ts'
import { type Child, startChild, stopChild } from '../../services/kit/child.fixture.ts'
import { startBundled } from './bundled.fixture.ts'
import { type Load, load, median } from './load.fixture.ts'
import { atLeast, atMost, type Bench, type Row } from './row.fixture.ts'

const body = JSON.stringify({ sensor: 'press-7', temperature: 71.3, vibration: [0.12, 0.09, 0.31], ok: true })
const request = { path: '/ingest', body, expect: 201, connections: 64 } satisfies Partial<Load>
const answer = { status: 'success', id: '00000000-0000-4000-8000-000000000000' }

const service = (environment: Record<string, string>) => startBundled('data-ingestion', environment)

/** `/ingest` against a bare server that answers the same: with SQLite, with PostgreSQL, and how much memory a million requests leave. */
const bench: Bench = async (tell) => {
  const rows: Row[] = []
  const bare = await startChild(`${import.meta.dirname}/bare.fixture.ts`, { ANSWER: JSON.stringify(answer), STATUS: '201' })
  const folder = mkdtempSync(join(tmpdir(), 'bench-ingest-'))
  try {
    const sqlite = await service({ DATA_DIR: folder })
    rows.push(atLeast('/ingest on SQLite ÷ bare node:http', await ratio(sqlite, bare, tell), 0.4))
    rows.push(...(await memory(sqlite, Number(process.env.BENCH_REQUESTS ?? 1_000_000), tell)))
    await stopChild(sqlite)

    const programs = postgresPrograms()
    if (programs) {
      const server = await startPostgres(programs)
      const postgres = await service({ DATABASE_URL: server.url })
      rows.push(atLeast('/ingest on PostgreSQL ÷ bare node:http', await ratio(postgres, bare, tell), 0.25))
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

/** The middle of some rounds, in each of which both servers are measured one after the other. */
async function ratio(measured: Child, bare: Child, tell: (progress: string) => void): Promise<number> {
  const ratios: number[] = []
  for (let round = 0; round < 6; round++) {
    const one = await load({ ...request, port: measured.port, ms: 2000 })
    const other = await load({ ...request, port: bare.port, ms: 2000 })
    if (one.wrong > 0) throw new Error(`${one.wrong} of ${one.answers} answers were no 201.`)
    // The first one warms both up.
    if (round > 0) ratios.push(one.rate / other.rate)
    tell(`${one.rate.toFixed(0)} a second, bare ${other.rate.toFixed(0)}, p99 ${one.p99.toFixed(1)} ms`)
  }
  return median(ratios)
}

/** Resident memory at the end of a long load, and how much more it is than at its middle. */
async function memory(child: Child, answers: number, tell: (progress: string) => void): Promise<Row[]> {
  const peaks: number[] = []
  const parts = 10
  for (let part = 0; part < parts; part++) {
    const samples: number[] = []
    const timer = setInterval(() => samples.push(residentMB(child.process.pid!)), 100)
    await load({ ...request, port: child.port, answers: answers / parts })
    clearInterval(timer)
    samples.push(residentMB(child.process.pid!))
    peaks.push(Math.max(...samples))
    tell(`${((answers / parts) * (part + 1)).toFixed(0)} requests, at most ${peaks.at(-1)?.toFixed(0)} MB`)
  }
  const growth = Math.max(...peaks.slice(parts / 2)) - Math.max(...peaks.slice(0, parts / 2))
  return [
    atMost(`data-ingestion's resident memory over ${answers} requests`, Math.max(...peaks), 150, ' MB'),
    atMost('its growth from the first half of them to the second', growth, 10, ' MB'),
  ]
}

/** In MB, from Linux's /proc (VmRSS); not a number elsewhere. */
function residentMB(pid: number): number {
  try {
    return (Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024) / 1e6
  } catch {
    return Number.NaN
  }
}
