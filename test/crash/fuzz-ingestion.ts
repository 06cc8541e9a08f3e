import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ingestionFuzz } from '../../services/data-ingestion/fuzz.fixture.ts'
import { fuzzService } from './fuzz.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'fuzz-ingestion-'))
try {
  await fuzzService('data-ingestion', { DATA_DIR: folder }, ingestionFuzz)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
