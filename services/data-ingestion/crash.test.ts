import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Child, startChild, stopChild } from '../kit/child.fixture.ts'

const entry = `${import.meta.dirname}/server.ts`
const writers = 8

/** Sends one record after the other until the service is gone; notes every one that was acknowledged. */
async function write(service: Child, writer: number, acknowledged: Map<string, string>): Promise<void> {
  for (let number = 0; ; number++) {
    const mark = `${service.port}-${writer}-${number}`
    try {
      const response = await fetch(`${service.address}/ingest`, { method: 'POST', body: `{"mark":"${mark}"}` })
      const { id } = (await response.json()) as { id: string }
      assert.is(response.status, 201)
      acknowledged.set(id, mark)
    } catch (error) {
      if (!(error instanceof assert.Assertion)) return
      throw error
    }
  }
}

test('a service killed under load has lost nothing that it acknowledged', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ingestion-crash-'))
  const acknowledged = new Map<string, string>()
  try {
    for (const goal of [10, 60, 150]) {
      const service = await startChild(entry, { DATA_DIR: folder })
      const writing = Promise.all(Array.from({ length: writers }, (_, writer) => write(service, writer, acknowledged)))
      while (acknowledged.size < goal) await fetch(`${service.address}/health`)
      await stopChild(service, 'SIGKILL')
      await writing
    }
    const service = await startChild(entry, { DATA_DIR: folder })
    for (const [id, mark] of acknowledged) {
      const { data } = (await (await fetch(`${service.address}/data/${id}`)).json()) as { data: { mark: string } }
      assert.equal(data, { mark })
    }
    const { total } = (await (await fetch(`${service.address}/data`)).json()) as { total: number }
    // What was on the disk but not yet acknowledged when the kill came may be there too: one per writer and kill.
    assert.ok(total >= acknowledged.size && total <= acknowledged.size + 3 * writers, `${total} kept, ${acknowledged.size} acknowledged`)
    await stopChild(service)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test.run()
