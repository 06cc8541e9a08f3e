import { startChild, stopChild } from '../../services/kit/child.fixture.ts'
import { fuzz } from '../../services/kit/fuzz.fixture.ts'
import { inferenceFuzz } from '../../services/ml-inference/bodies.fixture.ts'

const count = Number(process.argv[2] ?? 1_000_000)
const tell = (made: number) => {
  if (made % 100_000 === 0) console.log(`  ${made} requests`)
}

const service = await startChild(`${import.meta.dirname}/../../services/ml-inference/server.ts`)
try {
  await fuzz({ address: service.address!, count, tell, ...inferenceFuzz })
} finally {
  await stopChild(service)
}
