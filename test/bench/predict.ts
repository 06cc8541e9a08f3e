import { join } from 'node:path'
import { startChild, stopChild } from '../../services/kit/child.fixture.ts'
import { startBundled } from '../support/bundled-service.ts'
import { latency, memory, type Request, ratio } from './measure.fixture.ts'
import { atLeast, type Bench, type Row } from './row.fixture.ts'

const request = {
  path: '/predict',
  body: JSON.stringify({ features: [5.1, 3.5, 1.4, 0.2] }),
  expect: 200,
  connections: 64,
} satisfies Request
const answer = { prediction: 0.9716949036890725, model_version: '1.0.0' }

/**
 * `/predict` with the ONNX model against a bare server that answers the same; how long answers take at half of the top
 * rate; and memory.
 */
const bench: Bench = async (emit) => {
  const rows: Row[] = []
  const bare = await startChild(join(import.meta.dirname, 'bare.fixture.ts'), { ANSWER: JSON.stringify(answer) })
  const service = await startBundled('ml-inference', { MODEL_DIR: join(import.meta.dirname, '../../services/ml-inference/model') })
  try {
    rows.push(atLeast('/predict with the ONNX model ÷ bare node:http', await ratio(request, service, bare, emit), 0.5))
    rows.push(...(await latency('/predict', request, service, bare, 5, emit)))
    rows.push(...(await memory('ml-inference', request, service, Number(process.env.BENCH_REQUESTS ?? 1_000_000), emit)))
  } finally {
    await stopChild(service)
    await stopChild(bare)
  }
  return rows
}
export default bench
