import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request as open } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Child, stopChild } from '../../services/kit/child.fixture.ts'
import { startBundled } from '../support/bundled-service.ts'
import { peakMiB } from './process.fixture.ts'
import { atMost, type Bench, type Row } from './row.fixture.ts'

/** What a body may have, less a little. */
const most = 1024 * 1024 - 64

/** The memory of a container where the config says nothing, in MiB. */
const containerMiB = 256

/** A body of the largest size: a head, as many units as fit, and a tail. */
function filled(head: string, unit: string, tail: string): string {
  return (
    head +
    Array(Math.floor((most - head.length - tail.length) / (unit.length + 1)))
      .fill(unit)
      .join(',') +
    tail
  )
}

/**
 * Bodies that are valid JSON, by what they are made of; some of them are more than a service takes, which it has to
 * find out first.
 */
function bodies(head: string, tail: string): Record<string, string> {
  return {
    'one text': `${head}"${'x'.repeat(most - head.length - tail.length - 2)}"${tail}`,
    'small numbers': filled(head, '1', tail),
    'empty lists': filled(head, '[]', tail),
    'lists sixty deep': filled(head, '['.repeat(60) + ']'.repeat(60), tail),
    'objects with names of their own': `${head}${Array.from({ length: 80_000 }, (_, index) => `{"${index.toString(36)}":0}`).join(',')}${tail}`,
  }
}

const services = [
  { name: 'data-ingestion', path: '/ingest', bodies: bodies('{"a":[', ']}') },
  { name: 'ml-inference', path: '/predict', bodies: bodies('{"features":[', ']}') },
] as const

/** Posts a body on a connection of its own. @returns the status, or the code of the error */
function post(child: Child, path: string, body: Buffer, packed: boolean): Promise<number | string> {
  const headers = { 'content-type': 'application/json', ...(packed && { 'content-encoding': 'gzip' }) }
  return new Promise((resolve) => {
    const request = open({ port: child.port, path, method: 'POST', agent: new Agent(), headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode!))
    })
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message)).end(body)
  })
}

/**
 * The most memory that a service of 256 MiB takes while many of the largest bodies arrive at once, plain and packed.
 */
const bench: Bench = async (emit) => {
  const rows: Row[] = []
  const folder = mkdtempSync(join(tmpdir(), 'bench-bodies-'))
  try {
    for (const { name, path, bodies } of services) {
      for (const connections of [20, 60]) {
        let highest = 0
        for (const [what, body] of Object.entries(bodies)) {
          for (const packed of [false, true]) {
            const child = await startBundled(name, {
              DATA_DIR: mkdtempSync(join(folder, 'data-')),
              MODEL_DIR: join(import.meta.dirname, '../../services/ml-inference/model'),
            })
            const bytes = packed ? gzipSync(body) : Buffer.from(body)
            const answers = new Map<number | string, number>()
            for (let round = 0; round < 3; round++) {
              const statuses = await Promise.all(Array.from({ length: connections }, () => post(child, path, bytes, packed)))
              for (const status of statuses) answers.set(status, (answers.get(status) ?? 0) + 1)
            }
            const peak = peakMiB(child.process.pid!)
            highest = Math.max(highest, child.process.exitCode === null ? peak : Number.POSITIVE_INFINITY)
            const counts = [...answers].map(([status, count]) => `${count} × ${status}`).join(', ')
            emit(`${name}, ${connections} at once, ${what}${packed ? ', packed' : ''}: at most ${peak.toFixed(0)} MiB; ${counts}`)
            await stopChild(child)
          }
        }
        rows.push(atMost(`${name}'s memory under ${connections} × 1 MiB at once, of ${containerMiB} MiB`, highest, containerMiB, ' MiB'))
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return rows
}
export default bench
