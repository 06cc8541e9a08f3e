import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { compileSchema } from '../kit/schema.ts'
import type { Listening } from '../kit/server.ts'
import { createApp } from './app.ts'
import { lineLimits } from './ingest-lines.ts'
import { openSqlite } from './sqlite.ts'

let folder: string
let server: Listening
let checked: Listening

const schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  required: ['sensor'],
  properties: {
    sensor: { type: 'string' },
    values: { type: 'array', items: { type: 'number' } },
    at: { type: 'string', format: 'date-time' },
  },
  additionalProperties: false,
}

const start = (name: string, maxPages?: number) =>
  createApp({
    name: 'data-ingestion',
    store: openSqlite(join(folder, name), maxPages ? { maxPages } : {}),
    check: name === 'checked' ? compileSchema(JSON.stringify(schema)) : undefined,
  }).listen({ host: '127.0.0.1', port: 0 })

test.before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ingest-test-'))
  server = await start('plain')
  checked = await start('checked')
})

test.after(async () => {
  await Promise.all([server.close(), checked.close()])
  rmSync(folder, { recursive: true, force: true })
})

// biome-ignore lint/suspicious/noExplicitAny: each test knows the shape of its answer
type Json = any

async function ask(path: string, init: RequestInit = {}, at = server): Promise<{ status: number; body: Json; replayed: boolean }> {
  const response = await fetch(`http://127.0.0.1:${at.port}${path}`, init)
  return { status: response.status, body: await response.json(), replayed: response.headers.get('idempotent-replayed') === 'true' }
}

const post = (body: string | Uint8Array, headers: Record<string, string> = {}, at = server) =>
  ask('/ingest', { method: 'POST', body: body as NonNullable<RequestInit['body']>, headers }, at)

const lines = { 'content-type': 'application/x-ndjson; charset=utf-8' }
const dataOf = async (id: number) => (await ask(`/data/${id}`)).body.data
const total = async (at = server) => (await ask('/data', {}, at)).body.total

test('a dry run is checked and written as any other, and leaves neither a record nor a count', async () => {
  const before = await total()
  const dry = (body: string, headers = {}, at = server) => ask('/ingest?dry_run=true', { method: 'POST', body, headers }, at)
  for (const body of ['{"a":1}', '[{"a":1},{"b":2}]']) {
    const { status, body: answer } = await dry(body, { 'idempotency-key': 'dry' })
    assert.equal([status, Object.keys(answer)], [200, ['status', 'dry_run', 'timestamp']])
  }
  assert.is(await total(), before)
  // The key was not used up.
  assert.is((await post('{"c":3}', { 'idempotency-key': 'dry' })).status, 201)
  assert.is((await dry('{"sensor":1}', {}, checked)).status, 400)
  assert.match((await dry('{"a":1}\n', lines)).body.error, 'A dry run takes JSON')
  assert.is((await ask('/ingest?dry_run=maybe', { method: 'POST', body: '{"a":1}' })).body.error, 'dry_run must be true or false')
  const metrics = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text()
  assert.match(metrics, /^data_ingestion_total 1$/m)
})

test('an array is kept in its order, each record as it was sent', async () => {
  const before = await total()
  const { status, body } = await post(' [ {"a":12345678901234567890} , {"b":"],[{"} ]')
  assert.is(status, 201)
  assert.is(body.status, 'success')
  assert.is(body.ids.length, 2)
  const raw = await (await fetch(`http://127.0.0.1:${server.port}/data?limit=2`)).text()
  assert.ok(raw.includes('"data":{"a":12345678901234567890},'))
  assert.equal(await dataOf(body.ids[1]), { b: '],[{' })
  assert.is(await total(), before + 2)
})

test('an array with one wrong record keeps none, and says which', async () => {
  const before = await total()
  assert.equal((await post('[{"a":1},{},{"a":2}]')).body, { error: '[1]: No data provided' })
  assert.equal((await post('[{"a":1},[2]]')).body, { error: '[1]: The data must be a JSON object' })
  assert.equal((await post('[1]')).body, { error: '[0]: The data must be a JSON object' })
  assert.equal((await post('[{"a":1},')).body, { error: 'The request body is malformed JSON' })
  assert.is(await total(), before)
})

test('an array of ten thousand records is taken, one more is a 413', async () => {
  const { status, body } = await post(`[${Array(10_000).fill('{"a":1}')}]`)
  assert.is(status, 201)
  assert.is(new Set(body.ids).size, 10_000)
  assert.is((await post(`[${Array(10_001).fill('{"a":1}')}]`)).status, 413)
})

test('what is space elsewhere is none in JSON', async () => {
  for (const space of ['\u00a0', '\u2028', '\f']) {
    assert.is((await post(`${space}{"a":1}`)).status, 400)
    assert.is((await post(`[{"a":1},${space}{"a":2}]`)).status, 400)
    assert.is((await post(`{"a":1}${space}`, lines)).status, 400)
  }
  assert.is((await post(' \r\n\t{"a":1}\n\r\t ')).status, 201)
})

test('lines are kept each for itself, and each wrong one is told with its number', async () => {
  const before = await total()
  const { status, body } = await post('{"a":1}\r\n\nnonsense\n{}\n[1]\n{"a":"ü"}', lines)
  assert.is(status, 207)
  const { ids, timestamp, ...rest } = body
  assert.equal(rest, {
    status: 'partial',
    accepted: 2,
    rejected: 3,
    errors: [
      { line: 3, error: 'The request body is malformed JSON' },
      { line: 4, error: 'No data provided' },
      { line: 5, error: 'The data must be a JSON object' },
    ],
  })
  assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 60_000)
  assert.equal(ids, [ids[0], ids[0] + 1])
  assert.equal(await dataOf(ids[1]), { a: 'ü' })
  assert.is(await total(), before + 2)
})

test('lines that are all well are a 201, all wrong a 400, and none a 400', async () => {
  const well = await post('{"a":1}\n{"a":2}\n', lines)
  assert.equal([well.status, well.body.status, well.body.accepted, well.body.errors], [201, 'success', 2, []])
  const wrong = await post('x\ny\n', lines)
  assert.equal([wrong.status, wrong.body.error, wrong.body.rejected], [400, 'None of the lines could be kept', 2])
  assert.equal((await post('\n \n', lines)).body, { error: 'No data provided' })
  assert.equal((await post('', lines)).body, { error: 'No data provided' })
})

test('lines may come packed, split anywhere, and be far more than one body', async () => {
  const text = Array.from({ length: 20_000 }, (_, number) => `{"number":${number},"text":"${'x'.repeat(100)}"}`).join('\n')
  assert.ok(text.length > 2 * 1024 * 1024)
  const { status, body } = await post(gzipSync(text), { ...lines, 'content-encoding': 'gzip' })
  assert.equal([status, body.accepted, body.rejected], [201, 20_000, 0])
  assert.is((await dataOf(body.ids[12_345])).number, 12_345)
})

test('a line beyond the limit is told, and the others are kept', async () => {
  const { status, body } = await post(`{"a":1}\n{"a":"${'x'.repeat(lineLimits.lineBytes)}"}\n{"a":2}\n`, lines)
  assert.equal([status, body.accepted], [207, 2])
  assert.equal(body.errors, [{ line: 2, error: `The line is longer than ${lineLimits.lineBytes} bytes` }])
})

test('a line that is no UTF-8 is told', async () => {
  const { body } = await post(Buffer.concat([Buffer.from('{"a":1}\n"'), Buffer.from([0xff]), Buffer.from('"\n')]), lines)
  assert.equal(body.errors, [{ line: 2, error: 'The request body is malformed: it is not UTF-8' }])
})

test('a hundred errors are told, the rest is counted', async () => {
  const { body } = await post('x\n'.repeat(250), lines)
  assert.equal([body.rejected, body.errors.length], [250, 100])
})

test('too many lines are a 413 that says what was kept until then', async () => {
  const before = await total()
  const { status, body } = await post('{"a":1}\n'.repeat(lineLimits.lines + 1000), lines)
  assert.equal([status, body.error], [413, `A stream may have at most ${lineLimits.lines} lines`])
  assert.is(body.ids.length, body.accepted)
  assert.is(await total(), before + body.accepted)
})

test('too many bytes are a 413, packed or not', async () => {
  const line = `{"a":"${'x'.repeat(1_000_000)}"}\n`
  const { status, body } = await post(gzipSync(line.repeat(70)), { ...lines, 'content-encoding': 'gzip' })
  assert.equal([status, body.error], [413, `The request body is longer than ${lineLimits.bytes} bytes`])
  assert.ok(body.accepted > 50)
})

test('the same Idempotency-Key gives the same id and keeps once, one after the other and at the same time', async () => {
  const before = await total()
  const headers = { 'idempotency-key': 'order 7' }
  const answers = await Promise.all(Array.from({ length: 20 }, () => post('{"order":7}', headers)))
  const again = await post(' {"order":7} ', headers)
  for (const { status, body } of [...answers, again]) {
    assert.is(status, 201)
    assert.equal(body, answers[0]!.body)
  }
  assert.is(again.replayed, true)
  assert.is(answers.filter(({ replayed }) => !replayed).length, 1)
  assert.is(await total(), before + 1)
})

test('the same key for other data is a 422, and for none at all still a 400', async () => {
  const headers = { 'idempotency-key': 'order 8' }
  await post('{"order":8}', headers)
  assert.equal((await post('{"order":9}', headers)).body, { error: 'This Idempotency-Key was used for other data before' })
  assert.is((await post('[{"order":8},{"order":9}]', headers)).status, 422)
  assert.is((await post('', headers)).status, 400)
})

test('a key holds for an array as a whole, and for a stream by line, so that one that broke off can be sent again', async () => {
  const array = { 'idempotency-key': 'array' }
  const [first, second] = [await post('[{"a":1},{"a":2}]', array), await post('[{"a":1},{"a":2}]', array)]
  assert.equal(first.body, second.body)
  const before = await total()
  const stream = { ...lines, 'idempotency-key': 'stream' }
  const part = await post('{"a":1}\n{"a":2}\n', stream)
  const whole = await post('{"a":1}\n{"a":2}\n{"a":3}\n', stream)
  assert.equal(whole.body.ids.slice(0, 2), part.body.ids)
  assert.is(await total(), before + 3)
  const other = await post('{"a":1}\n{"b":2}\n', stream)
  assert.equal(other.body.errors, [{ line: 2, error: 'This Idempotency-Key was used for other data before' }])
})

test('repeated records are not counted again', async () => {
  const counted = async () =>
    Number(/^data_ingestion_total (\d+)$/m.exec(await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text())?.[1])
  await post('{"a":1}', { 'idempotency-key': 'counted' })
  const before = await counted()
  await post('{"a":1}', { 'idempotency-key': 'counted' })
  assert.is(await counted(), before)
})

for (const key of ['x'.repeat(256), 'ü', ' ']) {
  test(`a key like ${JSON.stringify(key.slice(0, 10))} is a 400`, async () => {
    const { status, body } = await post('{"a":1}', { 'idempotency-key': key })
    assert.equal([status, body.error], [400, 'Idempotency-Key must be 1 to 255 characters of plain ASCII'])
  })
}

test('a record that is not as the schema says is refused, with where and why', async () => {
  const refused: [string, string][] = [
    ['{"values":[1]}', "the value must have required property 'sensor'"],
    ['{"sensor":"a","values":[1,"2"]}', '/values/1 must be number'],
    ['{"sensor":"a","more":1}', 'the value must NOT have additional properties: "more"'],
    ['{"sensor":"a","at":"yesterday"}', '/at must match format "date-time"'],
  ]
  for (const [body, error] of refused) {
    assert.equal((await post(body, {}, checked)).body, { error: `The data does not fit the schema: ${error}` })
  }
  assert.is(await total(checked), 0)
  assert.is((await post('{"sensor":"a","at":"2024-02-29T00:00:00Z"}', {}, checked)).status, 201)
  assert.equal((await post('[{"sensor":"a"},{"sensor":1}]', {}, checked)).body, {
    error: '[1]: The data does not fit the schema: /sensor must be string',
  })
  const streamed = await post('{"sensor":"a"}\n{"sensor":1}\n', lines, checked)
  assert.equal(streamed.body.errors, [{ line: 2, error: 'The data does not fit the schema: /sensor must be string' }])
})

test('a stream that fills the disk ends with a 507 that says what was kept, and refusals are counted by status', async () => {
  const small = await start('small', 60)
  const { status, body } = await post(`{"a":"${'x'.repeat(1000)}"}\n`.repeat(2000), lines, small)
  assert.equal([status, body.error], [507, 'There is no room for another record'])
  assert.is(await total(small), body.accepted)
  const metrics = await (await fetch(`http://127.0.0.1:${small.port}/metrics`)).text()
  assert.match(metrics, 'data_ingestion_refused_total{code="507"} 1')
  await small.close()
})

test.run()
