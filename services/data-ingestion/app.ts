/**
 * services/data-ingestion keeps what it is sent: one JSON object in, an id out, and a 201 is a promise that it is on the disk.
 */
import { randomUUID } from 'node:crypto'
import { Counter, exponentialBuckets, Histogram } from 'prom-client'
import { decodeText, parseJson } from '../kit/body.ts'
import { HttpError } from '../kit/http-error.ts'
import { Reply } from '../kit/reply.ts'
import { createService, type Service } from '../kit/service.ts'
import { checkRecord, readLimit } from './input.ts'
import { openStore, type StoredRecord, StoreFullError, type StoreOptions } from './store.ts'

export interface AppOptions extends StoreOptions {
  /** As the config calls the service. */
  readonly name: string
  /** The folder that the records lie in. */
  readonly dataDir: string
}

/** @throws the system's error when the folder cannot be written to */
export function createApp({ name, dataDir, ...options }: AppOptions): Service {
  const store = openStore(dataDir, options)
  const service = createService({ name }).onClose(() => store.close())
  const registers = [service.registry]
  const ingested = new Counter({ name: 'data_ingestion_total', help: 'Records kept.', registers })
  const duration = new Histogram({
    name: 'data_ingestion_duration_seconds',
    help: 'Time to keep a record, until it is on the disk.',
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  })
  const size = new Histogram({
    name: 'data_size_bytes',
    help: 'Size of the kept records as they were sent.',
    buckets: exponentialBuckets(64, 4, 8),
    registers,
  })

  service.post('/ingest', async (request) => {
    const body = await request.body()
    const text = decodeText(body)
    checkRecord(parseJson(text))
    const record: StoredRecord = { id: randomUUID(), data: text.trim(), timestamp: Date.now() / 1000, sourceIp: request.sourceIp }
    const end = duration.startTimer()
    await store.add(record).catch((error) => {
      if (error instanceof StoreFullError) throw new HttpError(507, 'There is no room for another record')
      throw error
    })
    end()
    ingested.inc()
    size.observe(body.length)
    return Reply.json({ status: 'success', id: record.id, timestamp: record.timestamp }, { status: 201 })
  })

  service.get('/data/:id', (request) => {
    const record = store.get(request.params.id ?? '')
    if (!record) throw new HttpError(404, 'Record not found')
    return Reply.text(toJson(record))
  })

  service.get('/data', (request) => Reply.stream(listJson(store.count(), store.newest(readLimit(request.query)))))

  return service
}

/** The data is put in as it was sent: JSON numbers beyond what a double holds stay what they were. */
function toJson({ id, data, timestamp, sourceIp }: StoredRecord): string {
  return `{"id":${JSON.stringify(id)},"data":${data},"timestamp":${timestamp},"source_ip":${JSON.stringify(sourceIp)}}`
}

function* listJson(total: number, records: Iterable<StoredRecord>): Generator<string> {
  yield `{"total":${total},"data":[`
  let separator = ''
  for (const record of records) {
    yield separator + toJson(record)
    separator = ','
  }
  yield ']}'
}
