import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { survive } from './crash.fixture.ts'
import { postgresPrograms, startPostgres } from './postgres.fixture.ts'

test('a service killed at random moments under load has lost nothing that it acknowledged, and kept nothing by halves or twice', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ingestion-crash-'))
  try {
    const acknowledged = await survive({ environment: { DATA_DIR: folder }, rounds: 8, writers: 8, withinMs: 150 })
    assert.ok(acknowledged > 0)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

const programs = postgresPrograms()
if (programs)
  test('and so on PostgreSQL', async () => {
    const server = await startPostgres(programs)
    try {
      const acknowledged = await survive({ environment: { DATABASE_URL: server.url }, rounds: 4, writers: 8, withinMs: 150 })
      assert.ok(acknowledged > 0)
    } finally {
      await server.remove()
    }
  })

test.run()
