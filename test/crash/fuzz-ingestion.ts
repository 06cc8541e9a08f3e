import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ingestionFuzz } from '../../services/data-ingestion/fuzz.fixture.ts'
import { startChild, stopChild } from '../../services/kit/child.fixture.ts'
import { fuzz } from '../../services/kit/fuzz.fixture.ts'

const count = Number(process.argv[2] ?? 1_000_000)
const tell = (made: number) => {
  if (made % 100_000 === 0) console.log(`  ${made} requests`)
}

const folder = mkdtempSync(join(tmpdir(), 'fuzz-ingestion-'))
const service = await startChild(`${import.meta.dirname}/../../services/data-ingestion/server.ts`, { DATA_DIR: folder })
try {
  await fuzz({ address: service.address!, count, tell, ...ingestionFuzz })
} finally {
  await stopChild(service)
  rmSync(folder, { recursive: true, force: true })
}
