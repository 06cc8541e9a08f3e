import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { HttpError } from '../kit/http-error.ts'
import { createBatcher } from './batcher.ts'
import { modelFolder, sum } from './model.fixture.ts'
import { loadModel, type Model } from './model.ts'
import { predictionOf } from './prediction.ts'
import type { Settings } from './settings.ts'

let model: Model

test.before(async () => {
  const { folder, remove } = modelFolder(sum, { features: [1], prediction: 1 })
  model = await loadModel(join(folder, 'model.onnx'), 'model.onnx')
  remove()
})

test.after(() => model.close())

const defaults: Settings = { instances: 1000, batchRows: 64, batchWaitMs: 0, queueRows: 1000, answerValues: 1000 }

/** A batcher that keeps how many rows its batches had. */
function batcher(settings: Partial<Settings> = {}) {
  const batches: number[] = []
  const made = createBatcher(model, { ...defaults, ...settings }, { batch: (rows) => batches.push(rows), failed: assert.unreachable })
  const sums = async (rows: number[][]) => (await made.submit(rows)).map((answer) => predictionOf(answer, 0))
  return { ...made, batches, sums }
}

test('rows that arrive together go together, up to the largest batch', async () => {
  const { batches, sums } = batcher({ batchRows: 4 })
  assert.equal(await Promise.all([1, 2, 3, 4, 5, 6].map((value) => sums([[value]]))), [[1], [2], [3], [4], [5], [6]])
  assert.equal(batches, [4, 2])
})

test('rows of other lengths go apart, in turns, and come back in their order', async () => {
  const { batches, sums } = batcher({ batchRows: 2 })
  assert.equal(await sums([[1], [2, 2], [3], [4, 4], [5]]), [1, 4, 3, 8, 5])
  assert.equal(batches, [2, 2, 1])
})

test('a full batch does not wait for the time that a part of one would', async () => {
  const { sums } = batcher({ batchRows: 3, batchWaitMs: 2 ** 31 - 1 })
  assert.equal(await Promise.all([1, 2, 3].map((value) => sums([[value]]))), [[1], [2], [3]])
})

test('a part of a batch waits for others as long as it is told to', async () => {
  const { batches, sums } = batcher({ batchWaitMs: 60 })
  const started = performance.now()
  const first = sums([[1]])
  await new Promise((resolve) => setTimeout(resolve, 10))
  assert.equal(await Promise.all([first, sums([[2]])]), [[1], [2]])
  assert.ok(performance.now() - started > 55)
  assert.equal(batches, [2])
})

test('a batch has no more numbers than the model should be busy with, but always a row', async () => {
  const { batches, sums } = batcher()
  const row = (length: number) => Array(length).fill(1)
  assert.equal(await sums(Array.from({ length: 5 }, () => row(64 * 1024))), Array(5).fill(64 * 1024))
  assert.equal(batches.splice(0), [2, 2, 1])
  assert.equal(await sums([row(200_000), row(200_000)]), [200_000, 200_000])
  assert.equal(batches, [1, 1])
})

test('rows whose client has gone do not go through the model, and those of others do', async () => {
  const { batches, submit, depth } = batcher()
  const left = submit([[1], [2]], () => true).catch((error) => error.status)
  const stayed = submit([[3]])
  assert.is(await left, 499)
  assert.is((await stayed).length, 1)
  assert.equal([batches, depth()], [[1], 0])
  assert.is(await submit([[4]], () => true).catch((error) => error.status), 499)
  assert.is((await submit([[5]])).length, 1)
})

/** The refusal of rows that find the queue full. */
function refusal(work: () => unknown): HttpError {
  try {
    work()
  } catch (error) {
    if (error instanceof HttpError) return error
  }
  throw new Error('they were taken')
}

test('rows beyond the queue are turned away as a whole, and there is room again later', async () => {
  const { depth, submit, sums } = batcher({ queueRows: 3 })
  const waiting = sums([[1], [2]])
  assert.is(depth(), 2)
  const { status, headers } = refusal(() => submit([[3], [4]]))
  assert.equal([status, headers], [503, { 'retry-after': '1' }])
  assert.is(depth(), 2)
  assert.equal(await waiting, [1, 2])
  assert.is(depth(), 0)
  assert.equal(await sums([[3], [4]]), [3, 4])
})

test('few rows that are very long fill the queue as well', async () => {
  const { submit, sums } = batcher({ batchRows: 1 })
  const long = Array<number>(1_000_000).fill(1)
  const waiting = sums([long, long, long, long])
  assert.is(refusal(() => submit([long])).status, 503)
  assert.equal(await waiting, [1e6, 1e6, 1e6, 1e6])
})

test.run()
