import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { compileSchema, readSchema } from './schema.ts'

for (const [text, reason] of [
  ['{"type":', /JSON/],
  ['[]', /a schema is a JSON object/],
  ['{"type":"objekt"}', /schema is invalid/],
  ['{"requried":["a"]}', /unknown keyword: "requried"/],
  ['{"format":"dat"}', /unknown format "dat"/],
] as const) {
  test(`the schema ${text} is refused`, () => assert.throws(() => compileSchema(text), reason))
}

test('a schema is read from a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'schema-test-'))
  writeFileSync(join(folder, 'schema.json'), '{"required":["a"]}')
  assert.is(readSchema(join(folder, 'schema.json'))({ b: 1 }), "the value must have required property 'a'")
  rmSync(folder, { recursive: true })
  assert.throws(() => readSchema(join(folder, 'schema.json')), /ENOENT/)
})

test('the draft is the one that the schema names', () => {
  const wrap = (pair: object, $schema?: string) => JSON.stringify({ type: 'object', properties: { pair }, ...($schema && { $schema }) })
  const seven = compileSchema(wrap({ items: [{ type: 'string' }] }, 'http://json-schema.org/draft-07/schema#'))
  assert.is(seven({ pair: [1] }), '/pair/0 must be string')
  const current = compileSchema(wrap({ prefixItems: [{ type: 'string' }] }))
  assert.is(current({ pair: [1] }), '/pair/0 must be string')
  assert.is(current({ pair: ['a'] }), undefined)
})

test.run()
