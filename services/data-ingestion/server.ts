import { createLog } from '../kit/log.ts'
import { run, type Surroundings } from '../kit/run.ts'
import { compileSchema } from '../kit/schema.ts'
import { createApp } from './app.ts'
import { openPostgres } from './postgres.ts'
import { openSqlite } from './sqlite.ts'
import type { Store } from './store.ts'
import { whenThereIsRoom } from './when-there-is-room.ts'

await run({ name: 'data-ingestion', port: 8002 }, async (surroundings) => {
  // First what only has to be read: a mistake there should not wait for a database.
  const check = checkOf(surroundings)
  return createApp({ name: surroundings.name, check, store: await storeOf(surroundings) })
})

function checkOf({ setting }: Surroundings) {
  const text = setting('SCHEMA')
  if (text === undefined) return undefined
  try {
    return compileSchema(text)
  } catch (error) {
    throw new Error(`The JSON Schema of SCHEMA or SCHEMA_FILE cannot be used: ${(error as Error).message}`, { cause: error })
  }
}

async function storeOf({ name, dataDir, setting }: Surroundings): Promise<Store> {
  const url = setting('DATABASE_URL')
  return url ? openPostgres(url, { name }) : whenThereIsRoom(() => openSqlite(dataDir), createLog(name))
}
