/**
 * Writes the default model: `model/model.onnx` and its `model/model.json`. The same bytes at every run:
 *
 *     node services/ml-inference/make-model.ts [FOLDER]
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { binsOf } from './baseline.ts'
import { onnxFile } from './onnx/graph.ts'
import { weightedMean, weightedMeanOf } from './weighted-mean.ts'

/**
 * What the model is thought to have been trained on: flowers, in cm, by the smallest and the largest that Fisher's data
 * of 1936 has.
 */
const columns = [
  { name: 'sepal_length', from: 4.3, to: 7.9 },
  { name: 'sepal_width', from: 2, to: 4.4 },
  { name: 'petal_length', from: 1, to: 6.9 },
  { name: 'petal_width', from: 0.1, to: 2.5 },
]

/**
 * Numbers from 0 to 1, the same ones always: the generator of the "minimal standard",
 * https://doi.org/10.1145/63039.63042
 */
function* numbers(): Generator<number> {
  for (let state = 1; ; state = (state * 48271) % 2147483647) yield state / 2147483647
}

function sample(count: number): number[][] {
  const source = numbers()
  return Array.from({ length: count }, () => columns.map(({ from, to }) => from + (to - from) * source.next().value!))
}

/** What `model.json` says about the default model. */
export function describeModel() {
  const rows = sample(10_000)
  const golden = [5.1, 3.5, 1.4, 0.2]
  return {
    name: weightedMean.name,
    version: '1.0.0',
    golden: { features: golden, prediction: Number(weightedMeanOf(golden).toFixed(9)) },
    baseline: {
      features: columns.map(({ name }, index) => ({ name, ...binsOf(rows.map((row) => row[index]!)) })),
      predictions: binsOf(rows.map(weightedMeanOf)),
    },
    limits: { instances: 1000, batchRows: 64, batchWaitMs: 0, queueRows: 16384 },
  }
}

/** JSON with one line a list of numbers. */
function toText(value: unknown): string {
  return `${JSON.stringify(value, null, 2).replace(/\[\s+([-\d.e,\s]+?)\s+\]/g, (_, items: string) => `[${items.replace(/,\s+/g, ', ')}]`)}\n`
}

/** @param folder is made where it is not there */
export async function makeModel(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'model.onnx'), onnxFile(weightedMean))
  await writeFile(join(folder, 'model.json'), toText(describeModel()))
}

if (import.meta.main) await makeModel(process.argv[2] ?? join(import.meta.dirname, 'model'))
