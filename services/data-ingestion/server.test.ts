import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { startChild, stopChild, written } from '../kit/child.fixture.ts'

const entry = `${import.meta.dirname}/server.ts`
let folder: string

test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'server-test-'))
})

test.after.each(() => rmSync(folder, { recursive: true, force: true }))

test('a service holds its records against the schema of SCHEMA_FILE', async () => {
  const schema = join(folder, 'schema.json')
  writeFileSync(schema, '{"type":"object","properties":{"a":{"type":"integer"}}}')
  const child = await startChild(entry, { DATA_DIR: join(folder, 'data'), SCHEMA_FILE: schema })
  const post = async (body: string) => (await fetch(`${child.address}/ingest`, { method: 'POST', body })).status
  assert.equal([await post('{"a":1}'), await post('{"a":"1"}')], [201, 400])
  await stopChild(child)
})

test('a schema that cannot be used is one clear line and exit code 1', async () => {
  const missing = await startChild(entry, { DATA_DIR: join(folder, 'data'), SCHEMA_FILE: join(folder, 'none.json') })
  assert.is(await missing.end, 1)
  await written(missing, 'The file of SCHEMA_FILE cannot be read: ENOENT')
  const wrong = await startChild(entry, { DATA_DIR: join(folder, 'data'), SCHEMA: '{"type":"objekt"}' })
  assert.is(await wrong.end, 1)
  await written(wrong, 'The JSON Schema of SCHEMA or SCHEMA_FILE cannot be used: schema is invalid')
})

test.run()
