import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { anyBody, type Fuzz, type FuzzRequest, jsonText, mutated } from '../kit/fuzz.fixture.ts'

const types = fc.constantFrom('application/json', 'application/x-ndjson', 'text/plain', '')
const encodings = fc.constantFrom('identity', 'identity', 'identity', 'gzip', 'gzip', 'br')
const keys = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.uuid() },
  // With the same key again and again: most of it is other data than the first time.
  { weight: 1, arbitrary: fc.constantFrom('a', 'x'.repeat(255), 'x'.repeat(256), ' two words ') },
)
/** What a record may be: an object with something in it. */
const record = fc
  .dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 1 }), { minKeys: 1, maxKeys: 4 })
  .map((value) => JSON.stringify(value))
const element = fc.oneof({ weight: 9, arbitrary: record }, { weight: 1, arbitrary: jsonText })
const array = fc.array(element, { maxLength: 6 }).map((elements) => `[${elements.join(' , ')}]`)
const lines = fc.array(fc.oneof(element, element, mutated(jsonText), fc.constant('')), { maxLength: 8 }).map((texts) => texts.join('\n'))
const body = fc.oneof(anyBody, record, array, mutated(array), lines)

const ingest = fc
  .record({ body, type: types, encoding: encodings, packed: fc.integer({ min: 0, max: 3 }).map((number) => number > 0), key: keys })
  .map(
    ({ body, type, encoding, packed, key }): FuzzRequest => ({
      method: 'POST',
      path: '/ingest',
      headers: { 'content-type': type, 'content-encoding': encoding, ...(key === undefined ? {} : { 'idempotency-key': key }) },
      // Packed where it says so, and sometimes not.
      body: packed && encoding !== 'identity' ? gzipSync(body) : body,
    }),
  )

const word = fc.oneof(fc.string({ maxLength: 20 }), fc.integer().map(String), fc.uuid())
const read = fc.record({ limit: word, before: word, id: word, single: fc.boolean() }).map(({ limit, before, id, single }): FuzzRequest => {
  const query = new URLSearchParams({ limit, before })
  return { method: 'GET', path: single ? `/data/${encodeURIComponent(id)}` : `/data?${query}` }
})

const allowed: Readonly<Record<string, readonly number[]>> = { POST: [201, 207, 400, 413, 415, 422], GET: [200, 400, 404] }

/** Requests of every kind to data-ingestion, and what it may answer. */
export const ingestionFuzz: Pick<Fuzz<FuzzRequest>, 'requests' | 'judge'> = {
  requests: fc.oneof({ weight: 5, arbitrary: ingest }, { weight: 1, arbitrary: read }),
  async judge({ method, path, headers, body }, { status, text }, ask) {
    assert.ok(allowed[method]?.includes(status), `${method} ${path} got ${status} ${text}`)
    const plain = headers?.['content-type'] !== 'application/x-ndjson' && headers?.['content-encoding'] === 'identity'
    if (!plain || headers['idempotency-key'] !== undefined || typeof body !== 'string') return
    const value = parsed(body)
    const record = typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
    if (!record) return
    assert.is(status, 201)
    const kept = await ask({ method: 'GET', path: `/data/${JSON.parse(text).id}` })
    assert.equal(JSON.parse(kept.text).data, value)
    assert.ok(kept.text.includes(body.trim()), 'not as it was sent')
  },
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
