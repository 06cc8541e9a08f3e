import { run } from '../kit/run.ts'
import { createApp } from './app.ts'
import { openPostgres } from './postgres.ts'
import { readSchema } from './schema.ts'
import { openSqlite } from './sqlite.ts'

await run({ name: 'data-ingestion', port: 8002 }, async ({ name, dataDir, environment: { DATABASE_URL: url, SCHEMA_FILE: schema } }) => {
  const check = schema ? readSchema(schema) : undefined
  return createApp({ name, check, store: url ? await openPostgres(url, { name }) : openSqlite(dataDir) })
})
