import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { loadConfig } from '../../../src/load-config.ts'
import { project } from '../project.fixture.ts'

/** A project with one service whose schema is `./schema.json`. */
async function withSchema(schema: string | undefined, keys = "entry: './api.ts'"): Promise<string> {
  return project({
    'mlops.config.ts': `export default {\n  app: 'mlops',\n  services: { api: { ${keys}, port: 8001, schema: './schema.json' } },\n}\n`,
    'api.ts': '',
    Dockerfile: '',
    ...(schema === undefined ? {} : { 'schema.json': schema }),
  })
}

async function said(cwd: string): Promise<string> {
  return loadConfig({ cwd, env: {} }).then(
    () => 'nothing',
    (error) => error.message,
  )
}

test('the path of a schema is made absolute', async () => {
  const cwd = await withSchema('{"type":"object"}')
  const { services } = await loadConfig({ cwd, env: {} })
  assert.is(services[0]?.schema, `${cwd}/schema.json`)
})

test('a schema that is not there is told, with what it was probably meant to be', async () => {
  const cwd = await withSchema(undefined)
  assert.match(await said(cwd), 'services.api.schema\n  got "./schema.json", expected a file: there is none at')
})

for (const [schema, reason] of [
  ['{"type":', 'JSON'],
  ['{"requried":["a"]}', 'strict mode: unknown keyword: "requried"'],
  ['{"type":"objekt"}', 'schema is invalid'],
] as const) {
  test(`the schema ${schema} is told with its line before anything is touched`, async () => {
    const message = await said(await withSchema(schema))
    assert.match(message, 'mlops.config.ts:3  services.api.schema\n  got "./schema.json", expected a JSON Schema: ')
    assert.match(message, reason)
  })
}

test('a schema beside a dockerfile is refused', async () => {
  assert.match(await said(await withSchema('{}', "dockerfile: './Dockerfile'")), 'got a schema beside a dockerfile, expected one that')
})

test.run()
