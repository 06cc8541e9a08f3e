import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import * as assert from 'uvu/assert'
import { anyBody, type Fuzz, type FuzzRequest, jsonText, mutated } from '../kit/fuzz.fixture.ts'

const types = fc.constantFrom('application/json', 'application/x-ndjson', 'text/plain', '')
const encodings = fc.constantFrom('identity', 'identity', 'gzip', 'br')
const keys = fc.option(fc.constantFrom('a', 'b', 'x'.repeat(255), 'x'.repeat(256), ' two words '), { freq: 5, nil: undefined })
const array = fc.array(fc.oneof(jsonText, fc.constant('{"a":1}')), { maxLength: 6 }).map((elements) => `[${elements.join(' , ')}]`)
const lines = fc.array(fc.oneof(jsonText, mutated(jsonText), fc.constant('')), { maxLength: 8 }).map((texts) => texts.join('\n'))
const body = fc.oneof(anyBody, array, mutated(array), lines)

const ingest = fc.record({ body, type: types, encoding: encodings, packed: fc.boolean(), key: keys }).map(
  ({ body, type, encoding, packed, key }): FuzzRequest => ({
    method: 'POST',
    path: '/ingest',
    headers: { 'content-type': type, 'content-encoding': encoding, ...(key === undefined ? {} : { 'idempotency-key': key }) },
    // Mostly packed where it says so, and sometimes where it does not.
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
