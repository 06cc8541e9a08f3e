import { fields, isoTimeNearNow } from '../kit/fields.ts'
import { type Check, holdsMetrics } from '../kit/smoke.ts'

const record = { smoke: true, sensor: 'büro-1', values: [1.5, -2, null] }

interface List {
  readonly total?: unknown
  readonly data?: unknown
}

function wholeNumberFrom1(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 1
}

function isoTime(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)
}

function address(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0
}

const noData = { status: 400, body: fields({ error: 'No data provided' }) }

/**
 * The contract of `/ingest` and `/data`, with good and bad input. It runs against production as well, so it leaves no
 * record: what it writes is a dry run, which the store takes back.
 */
const checks: Check[] = [
  {
    name: 'it writes a record and takes it back',
    method: 'POST',
    path: '/ingest?dry_run=true',
    body: record,
    expect: { status: 200, body: fields({ status: 'success', dry_run: true, timestamp: isoTimeNearNow }) },
  },
  {
    name: 'it lists the newest records',
    path: '/data?limit=5',
    expect: {
      status: 200,
      body: (body) => {
        const { total, data } = (body ?? {}) as List
        if (typeof total !== 'number' || total < 0) return `total is ${total}, expected a number from 0`
        if (!Array.isArray(data) || data.length !== Math.min(5, total)) return `data is no list of ${Math.min(5, total)} records`
        return data.map(fields({ id: wholeNumberFrom1, timestamp: isoTime, source_ip: address })).find((wrong) => wrong !== undefined)
      },
    },
  },
  { name: 'an unknown record is not found', path: '/data/no-such-id', expect: { status: 404, body: fields({ error: /not found/ }) } },
  { name: 'a limit that is no number is refused', path: '/data?limit=many', expect: { status: 400, body: fields({ error: /limit/ }) } },
  { name: 'an empty request is refused', method: 'POST', path: '/ingest', expect: noData },
  { name: 'an empty record is refused', method: 'POST', path: '/ingest', body: {}, expect: noData },
  {
    name: 'malformed JSON is refused',
    method: 'POST',
    path: '/ingest',
    body: '{"a":',
    expect: { status: 400, body: fields({ error: /JSON/ }) },
  },
  { name: 'reading /ingest is refused', path: '/ingest', expect: { status: 405, body: fields({ error: /POST/ }) } },
  {
    name: 'it counts records',
    path: '/metrics',
    expect: {
      status: 200,
      body: (body) => holdsMetrics(body, 'data_ingestion_total', 'data_ingestion_duration_seconds', 'data_size_bytes'),
    },
  },
]

export default checks
