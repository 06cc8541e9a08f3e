import { fields, isoTimeNearNow } from '../kit/fields.ts'
import { type Answers, type Check, holdsMetrics } from '../kit/smoke.ts'

const kept = 'it keeps a record'
const record = { smoke: true, sensor: 'büro-1', values: [1.5, -2, null] }

/** The id of the record that an earlier check has left. */
function keptId(answers: Answers): number {
  const { id } = (answers.get(kept)?.body ?? {}) as { id?: number }
  if (!id) throw new Error(`There is no id to ask for: "${kept}" failed.`)
  return id
}

function sameRecord(value: unknown): boolean {
  return JSON.stringify(value) === JSON.stringify(record)
}

function wholeNumberFrom1(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 1
}

function address(value: unknown): boolean {
  return typeof value === 'string' && value.length > 0
}

const noData = { status: 400, body: fields({ error: 'No data provided' }) }

/**
 * The contract of `/ingest` and `/data`, with good and bad input. Each run leaves one record, `{ "smoke": true, … }`.
 */
const checks: Check[] = [
  {
    name: kept,
    method: 'POST',
    path: '/ingest',
    body: record,
    expect: { status: 201, body: fields({ status: 'success', id: wholeNumberFrom1, timestamp: isoTimeNearNow }) },
  },
  {
    name: 'the record is read again by its id',
    path: (answers) => `/data/${keptId(answers)}`,
    expect: { status: 200, body: fields({ id: wholeNumberFrom1, data: sameRecord, timestamp: isoTimeNearNow, source_ip: address }) },
  },
  {
    name: 'the record is among the newest',
    path: '/data?limit=5',
    expect: {
      status: 200,
      body: (body, answers) => {
        const { total, data } = (body ?? {}) as { total?: unknown; data?: { id: number }[] }
        if (typeof total !== 'number' || total < 1) return `total is ${total}, expected a number from 1`
        if (!Array.isArray(data) || data.length > 5) return 'data is no list of at most 5 records'
        return data.some(({ id }) => id === keptId(answers)) ? undefined : 'the record is not in the list'
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
