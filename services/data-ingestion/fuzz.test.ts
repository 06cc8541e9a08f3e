import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import { startChild, stopChild } from '../kit/child.fixture.ts'
import { fuzz } from '../kit/fuzz.fixture.ts'
import { ingestionFuzz } from './fuzz.fixture.ts'

test('whatever is sent, the answer is JSON and no 5xx, and what is a record is kept as it was sent', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ingestion-fuzz-'))
  const service = await startChild(`${import.meta.dirname}/server.ts`, { DATA_DIR: folder })
  try {
    await fuzz({ address: service.address!, count: 3000, ...ingestionFuzz })
  } finally {
    await stopChild(service)
    rmSync(folder, { recursive: true, force: true })
  }
})

test.run()
