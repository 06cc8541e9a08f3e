import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Child, startChild, stopChild } from '../kit/child.fixture.ts'
import { runSmoke } from '../kit/smoke.ts'
import { createApp } from './app.ts'
import checks from './smoke.ts'
import { openSqlite } from './sqlite.ts'

const entry = `${import.meta.dirname}/server.ts`
let folder: string
let service: Child

test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ingestion-test-'))
  service = await startChild(entry, { DATA_DIR: folder })
})

test.after(async () => {
  await stopChild(service)
  rmSync(folder, { recursive: true, force: true })
})

// biome-ignore lint/suspicious/noExplicitAny: each test knows the shape of its answer
type Answer = [status: number, body: any]

async function get(path: string): Promise<Answer> {
  const response = await fetch(`${service.address}${path}`)
  return [response.status, await response.json()]
}

async function ingest(body: string, address = service.address): Promise<Answer> {
  const response = await fetch(`${address}/ingest`, { method: 'POST', body })
  return [response.status, await response.json()]
}

test('health shows the name', async () => {
  assert.equal(await get('/health'), [200, { status: 'healthy', service: 'data-ingestion' }])
})

test('a record is kept under an id and read again with its time and its source', async () => {
  const before = new Date().toISOString()
  const [status, { id, timestamp, ...answer }] = await ingest('{"sensor":"ü","values":[1,null]}')
  assert.is(status, 201)
  assert.equal(answer, { status: 'success' })
  assert.is(id, 1)
  assert.match(timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.ok(timestamp >= before && timestamp <= new Date().toISOString())
  assert.equal(await get(`/data/${id}`), [200, { id, data: { sensor: 'ü', values: [1, null] }, timestamp, source_ip: '127.0.0.1' }])
})

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

test('a record comes back as it was sent: its large numbers and its depth too', async () => {
  const deep = nested(63)
  const text = `{"__proto__":{"a":1},"large":12345678901234567890,"deep":${deep}}`
  const [status, { id }] = await ingest(`\n${text}\n`)
  assert.is(status, 201)
  const raw = await (await fetch(`${service.address}/data/${id}`)).text()
  assert.ok(raw.includes(`"data":${text},"timestamp"`))
})

test('a record that nests deeper than 64 is a 400, alone, among others and as a line, and nothing of it is kept', async () => {
  const { total } = (await get('/data'))[1]
  const error = 'The JSON nests more than 64 lists and objects in each other'
  for (const depth of [64, 1000, 100_000]) {
    const text = `{"deep":${nested(depth)}}`
    assert.equal(await ingest(text), [400, { error }])
    assert.equal(await ingest(`[{"a":1},${text}]`), [400, { error }])
    assert.equal(await ingest('{"deep":'.repeat(depth + 1)), [400, { error }])
    const lines = { 'content-type': 'application/x-ndjson' }
    const answer = await fetch(`${service.address}/ingest`, { method: 'POST', body: `${text}\n`, headers: lines })
    assert.equal([answer.status, ((await answer.json()) as { errors: unknown }).errors], [400, [{ line: 1, error }]])
  }
  assert.is((await get('/data'))[1].total, total)
})

for (const body of ['', '{}', '[]', 'null', '0', '""', 'false']) {
  test(`${body || 'an empty body'} is a 400: no data provided`, async () => {
    assert.equal(await ingest(body), [400, { error: 'No data provided' }])
  })
}

for (const body of ['7', '"text"', 'true']) {
  test(`${body} is a 400: the data must be an object`, async () => {
    assert.equal(await ingest(body), [400, { error: 'The data must be a JSON object' }])
  })
}

test('malformed JSON is a 400 and a body over 1 MiB a 413', async () => {
  assert.equal(await ingest('{"a":'), [400, { error: 'The request body is malformed JSON' }])
  assert.is((await ingest(`{"a":"${'x'.repeat(1024 * 1024)}"}`))[0], 413)
})

test('an unknown record is a 404 that says not found', async () => {
  for (const id of ['0', '-1', '1.0', '01', '1e0', '99999', '99999999999999999999', '%20'])
    assert.equal(await get(`/data/${id}`), [404, { error: 'Record not found' }])
})

test('the list has the total and the newest records, newest first, ten where nothing is said', async () => {
  const [, { total: before }] = await get('/data')
  const ids: number[] = []
  for (let number = 0; number < 12; number++) ids.unshift((await ingest(`{"number":${number}}`))[1].id)
  const [status, { total, data, next }] = await get('/data?limit=5')
  assert.is(next, ids[4])
  assert.is(status, 200)
  assert.is(total, before + 12)
  assert.equal(
    data.map((record: { id: number }) => record.id),
    ids.slice(0, 5),
  )
  assert.equal(Object.keys(data[0]), ['id', 'data', 'timestamp', 'source_ip'])
  assert.is((await get('/data'))[1].data.length, 10)
  assert.is((await get('/data?limit=1000'))[1].data.length, total)
})

test('pages follow one another to the oldest record, without a gap and without a repetition, while more records come in', async () => {
  const [, { total, data: all }] = await get('/data?limit=1000')
  const seen: number[] = []
  let before = ''
  for (;;) {
    const [status, page] = await get(`/data?limit=7${before}`)
    assert.is(status, 200)
    seen.push(...page.data.map((record: { id: number }) => record.id))
    if (page.next === null) break
    assert.is(page.next, seen.at(-1))
    before = `&before=${page.next}`
    await ingest('{"later":true}')
  }
  assert.is(seen.length, total)
  assert.equal(
    seen,
    all.map((record: { id: number }) => record.id),
  )
  const [, last] = await get(`/data?before=${seen.at(-1)}`)
  assert.equal([last.data, last.next], [[], null])
})

test('a cursor that is no record is a 400', async () => {
  for (const before of ['', 'x', '00000000-0000-4000-8000-000000000000']) {
    assert.equal(await get(`/data?before=${before}`), [400, { error: 'before must be the id of a record' }])
  }
})

test('a packed record is unpacked, kept and measured by what it unpacks to', async () => {
  const response = await fetch(`${service.address}/ingest`, {
    method: 'POST',
    body: gzipSync(' {"packed":true} '),
    headers: { 'content-encoding': 'gzip' },
  })
  assert.is(response.status, 201)
  const { id } = (await response.json()) as { id: string }
  assert.equal((await get(`/data/${id}`))[1].data, { packed: true })
})

for (const limit of ['0', '-1', '1001', '1.5', 'many', '', '99999999999999999999', '1e2']) {
  test(`limit=${limit} is a 400`, async () => {
    assert.equal(await get(`/data?limit=${limit}`), [400, { error: 'limit must be a whole number from 1 to 1000' }])
  })
}

test('kept records are counted, timed and measured, refused ones are not', async () => {
  const measured = async () => {
    const text = await (await fetch(`${service.address}/metrics`)).text()
    const value = (name: string) => Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1])
    return ['data_ingestion_total', 'data_ingestion_duration_seconds_count', 'data_size_bytes_count', 'data_size_bytes_sum'].map(value)
  }
  const [total = 0, timed = 0, sizes = 0, bytes = 0] = await measured()
  await ingest('{"a":"ü"}')
  await ingest('{}')
  assert.equal(await measured(), [total + 1, timed + 1, sizes + 1, bytes + 10])
})

test('a full disk is a 507, and reads go on', async () => {
  const small = mkdtempSync(join(tmpdir(), 'ingestion-full-'))
  const app = createApp({ name: 'data-ingestion', store: openSqlite(small, { maxPages: 16 }) })
  const { port, close } = await app.listen({ host: '127.0.0.1', port: 0 })
  const address = `http://127.0.0.1:${port}`
  const [, { id }] = await ingest('{"a":1}', address)
  assert.equal(await ingest(`{"a":"${'x'.repeat(100_000)}"}`, address), [507, { error: 'There is no room for another record' }])
  assert.is((await fetch(`${address}/data/${id}`)).status, 200)
  assert.is((await ingest('{"a":2}', address))[0], 201)
  await close()
  rmSync(small, { recursive: true, force: true })
})

test('a folder that cannot be used is one clear line and exit code 1', async () => {
  const child = await startChild(entry, { DATA_DIR: '/dev/null/data' })
  assert.is(await child.end, 1)
  const lines = child.output().trim().split('\n')
  assert.is(lines.length, 1)
  assert.match(JSON.parse(lines[0] ?? '').reason, /ENOTDIR|EEXIST/)
})

test('all smoke checks pass', async () => {
  const results = await runSmoke({ address: service.address!, service: 'data-ingestion', checks })
  assert.equal(
    results.filter(({ ok }) => !ok),
    [],
  )
})

test('a service of another kind fails the smoke checks', async () => {
  const trial = await startChild(`${import.meta.dirname}/../kit/trial.fixture.ts`, { SERVICE_NAME: 'data-ingestion' })
  const results = await runSmoke({ address: trial.address!, service: 'data-ingestion', checks })
  await stopChild(trial)
  assert.equal(
    results.filter(({ ok }) => ok).map(({ name }) => name),
    ['it is healthy', 'it shows its metrics', 'an unknown path is a JSON 404', 'an unknown record is not found'],
  )
})

test.run()
