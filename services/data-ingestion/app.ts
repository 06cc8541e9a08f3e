/**
 * services/data-ingestion keeps what it is sent: JSON objects in, ids out, and a 201 is a promise that they are on the
 * disk.
 */
import { Counter, exponentialBuckets } from 'prom-client'
import { Histogram } from '../kit/histogram.ts'
import { HttpError } from '../kit/http-error.ts'
import { Reply } from '../kit/reply.ts'
import type { CheckSchema } from '../kit/schema.ts'
import { createService, type Service } from '../kit/service.ts'
import { type Ingest, ingestJson, toHttpError } from './ingest.ts'
import { ingestLines } from './ingest-lines.ts'
import { isLines, readId, readLimit } from './input.ts'
import { pageJson, recordJson } from './list.ts'
import type { Store } from './store.ts'

/**
 * What a byte of a record takes in memory until the client has taken it: as a text, as a part of the answer's text, and
 * as bytes on their way.
 */
const answerFactor = 4

/**
 * What a byte that is read of a page at once takes: the next one is read while one is on its way, and what is done with
 * is not collected at once.
 */
const pageFactor = 12

/** Small records are handed on in pieces of this size, in bytes. */
const leastHeld = 16 * 1024

export interface AppOptions {
  /** As the config calls the service. */
  readonly name: string
  /** Where the records are kept; it is closed with the service. */
  readonly store: Store
  /** What every record is held against. */
  readonly check?: CheckSchema | undefined
}

export function createApp({ name, store, check }: AppOptions): Service {
  const service = createService({ name })
    .readyWhen(() => store.trouble())
    .onClose(() => store.close())
  const registers = [service.registry]
  const ingested = new Counter({ name: 'data_ingestion_total', help: 'Records kept.', registers })
  const duration = new Histogram(service.registry, {
    name: 'data_ingestion_duration_seconds',
    help: 'Time to keep what was sent together, until it is on the disk.',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  }).series({})
  const size = new Histogram(service.registry, {
    name: 'data_size_bytes',
    help: 'Size of the kept records as they were sent.',
    buckets: exponentialBuckets(64, 4, 8),
  }).series({})
  const refused = new Counter({
    name: 'data_ingestion_refused_total',
    help: 'Requests that were not, or not completely, kept, by the status of their answer.',
    labelNames: ['code'],
    registers,
  })
  const observe = (seconds: number, bytes: readonly number[]) => {
    duration.observe(seconds)
    ingested.inc(bytes.length)
    for (const one of bytes) size.observe(one)
  }
  const ingest: Ingest = { store, check, observe }

  service.post('/ingest', async (request) => {
    try {
      const reply = await (isLines(request.headers['content-type']) ? ingestLines : ingestJson)(request, ingest)
      if (reply.status > 201) refused.inc({ code: reply.status })
      return reply
    } catch (error) {
      if (error instanceof HttpError) refused.inc({ code: error.status })
      throw error
    }
  })

  service.get('/data/:id', async (request) => {
    const id = readId(request.params.id ?? '')
    const record = id && (await reading(store.get(id)))
    if (!record) throw new HttpError(404, 'Record not found')
    request.reserve(answerFactor * record.data.length)
    return Reply.text(recordJson(record))
  })

  service.get('/data', async (request) => {
    const { query } = request
    // Looking a thousand records up takes milliseconds, and many who ask for a page are not to keep the service for
    // their sum.
    await request.work().pause()
    const [limit, given] = [readLimit(query), query.get('before')]
    const before = given === null ? undefined : readId(given)
    const page = given !== null && before === undefined ? undefined : await reading(store.page(limit, before))
    if (!page) throw new HttpError(400, 'before must be the id of a record')
    request.reserve(pageFactor * Math.max(page.held, leastHeld))
    return Reply.stream(pageJson(page))
  })

  return service
}

async function reading<T>(read: Promise<T>): Promise<T> {
  return read.catch((error) => {
    throw toHttpError(error)
  })
}
