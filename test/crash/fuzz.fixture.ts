import { join } from 'node:path'
import * as assert from 'uvu/assert'
import { startChild, stopChild } from '../../services/kit/child.fixture.ts'
import { type Fuzz, type FuzzRequest, fuzz } from '../../services/kit/fuzz.fixture.ts'

/** A million requests, or as many as the command line says. */
const count = Number(process.argv[2] ?? 1_000_000)

/**
 * Makes generated requests to a service and says what they were answered.
 *
 * @param name the service's folder
 * @throws when an answer was wrong or a 5xx, or when the service did not live until the end and ended in good order
 */
export async function fuzzService(
  name: string,
  environment: Record<string, string>,
  kind: Pick<Fuzz<FuzzRequest>, 'requests' | 'judge'>,
): Promise<void> {
  const service = await startChild(join(import.meta.dirname, '../../services', name, 'server.ts'), environment)
  assert.ok(service.address, service.output())
  const emit = (made: number) => {
    if (made % 100_000 === 0) console.log(`  ${made} requests`)
  }
  try {
    const answered = await fuzz({ address: service.address, count, emit, ...kind })
    const total = [...answered.values()].reduce((sum, one) => sum + one, 0)
    const parts = [...answered].sort(([a], [b]) => a - b).map(([status, times]) => `${status} × ${times}`)
    console.log(`  ${name}: ${total} generated requests, each answered as it should be: ${parts.join(', ')}`)
  } finally {
    await stopChild(service)
  }
  assert.is(await service.end, 0, service.output())
}
