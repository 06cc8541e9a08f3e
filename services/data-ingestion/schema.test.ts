import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { startChild, stopChild, written } from '../kit/child.fixture.ts'
import { compileSchema, readSchema } from './schema.ts'

const entry = `${import.meta.dirname}/server.ts`
let folder: string

test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'schema-test-'))
})

test.after.each(() => rmSync(folder, { recursive: true, force: true }))

function file(text: string): string {
  const path = join(folder, 'schema.json')
  writeFileSync(path, text)
  return path
}

test('a service holds its records against the schema of SCHEMA_FILE', async () => {
  const schema = file('{"type":"object","properties":{"a":{"type":"integer"}}}')
  const child = await startChild(entry, { DATA_DIR: join(folder, 'data'), SCHEMA_FILE: schema })
  const post = async (body: string) => (await fetch(`${child.address}/ingest`, { method: 'POST', body })).status
  assert.equal([await post('{"a":1}'), await post('{"a":"1"}')], [201, 400])
  await stopChild(child)
})

test('a schema that cannot be used is one clear line and exit code 1', async () => {
  const child = await startChild(entry, { DATA_DIR: join(folder, 'data'), SCHEMA_FILE: join(folder, 'none.json') })
  assert.is(await child.end, 1)
  await written(child, 'none.json cannot be used: ENOENT')
})

for (const [text, reason] of [
  ['{"type":', /cannot be used: .*JSON/],
  ['[]', /expected a JSON object/],
  ['{"type":"objekt"}', /schema is invalid/],
  ['{"requried":["a"]}', /unknown keyword: "requried"/],
  ['{"format":"dat"}', /unknown format "dat"/],
] as const) {
  test(`the schema ${text} is refused`, () => assert.throws(() => readSchema(file(text)), reason))
}

test('the draft is the one that the schema names', () => {
  const tuple = { items: [{ type: 'string' }] }
  const wrap = (properties: object, $schema?: string) => ({ type: 'object', properties, ...($schema && { $schema }) })
  const seven = compileSchema(wrap({ pair: tuple }, 'http://json-schema.org/draft-07/schema#'))
  assert.is(seven({ pair: [1] }), '/pair/0 must be string')
  const current = compileSchema(wrap({ pair: { prefixItems: [{ type: 'string' }] } }))
  assert.is(current({ pair: [1] }), '/pair/0 must be string')
  assert.is(current({ pair: ['a'] }), undefined)
})

test.run()
