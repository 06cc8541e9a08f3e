import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readManifest } from './manifest.ts'
import { modelFolder, readSettings } from './settings.ts'

const model = { name: 'iris', version: '1.2.3', golden: { features: [1], prediction: 0.5 } }
const problem = (value: unknown) => {
  try {
    readManifest(JSON.stringify(value), 'model.json')
  } catch (error) {
    return (error as Error).message
  }
  return ''
}

test('a model.json needs a name, a version and a golden request, and has defaults for the rest', () => {
  assert.equal(readManifest(JSON.stringify(model), 'model.json'), {
    ...model,
    golden: { ...model.golden, tolerance: 1e-6 },
    limits: {},
  })
  const baseline = { features: [{ name: 'a', edges: [0], shares: [0.5, 0.5] }] }
  assert.equal(readManifest(JSON.stringify({ ...model, baseline }), 'model.json').baseline, {
    ...baseline,
    minimumRows: 200,
    windowRows: 5000,
  })
})

test('every problem of a model.json is named with its place', () => {
  assert.is(
    problem({ ...model, version: '1', label: [] }),
    'model.json does not describe a model: label: expected one of name, version, output, labels, golden, baseline, limits; version: expected a semantic version such as 1.0.0.',
  )
  const bins = (edges: number[], shares: number[]) => problem({ ...model, baseline: { predictions: { edges, shares } } })
  assert.match(bins([1, 0], [0.5, 0.25, 0.25]), 'baseline.predictions.edges: expected at most 1000 numbers that ascend')
  assert.match(bins([0], [0.5, 0.6]), 'baseline.predictions.shares: expected numbers from 0 to 1 that add up to 1')
  assert.match(bins([0], [0.5, 0.25, 0.25]), 'baseline.predictions: expected one share more than edges')
  assert.match(problem({ ...model, name: 'a b' }), 'name: expected letters')
  assert.match(problem([]), 'the file: expected an object')
  assert.match(
    problem({ ...model, golden: { features: [], prediction: ['x'] } }),
    'golden.features: expected at least 1; golden.prediction.0: expected a number',
  )
  assert.match(
    problem({ ...model, labels: 'a', limits: { batchRows: 0 } }),
    'labels: expected a list; limits.batchRows: expected a whole number from 1 to 1000000',
  )
})

test('the environment comes before the limits of the model, and these before the defaults', () => {
  assert.equal(readSettings({}, {}), { instances: 1000, batchRows: 64, batchWaitMs: 0, queueRows: 16384, answerValues: 250_000 })
  assert.equal(readSettings({ BATCH_ROWS: '8', BATCH_WAIT_MS: '' }, { batchRows: 16, batchWaitMs: 5, instances: 2 }), {
    instances: 2,
    batchRows: 8,
    batchWaitMs: 5,
    queueRows: 16384,
    answerValues: 250_000,
  })
})

test('a setting that is no number, out of its limits, or makes full requests impossible is refused by its name', () => {
  assert.throws(() => readSettings({ BATCH_ROWS: 'many' }, {}), 'BATCH_ROWS is "many", expected a whole number from 1 to 1000000.')
  assert.throws(() => readSettings({ QUEUE_ROWS: '0' }, {}), 'QUEUE_ROWS is "0"')
  assert.throws(() => readSettings({ QUEUE_ROWS: '10' }, {}), 'A request may have 1000 rows, but only 10 may wait')
})

test('the model lies beside the service unless the environment says where', () => {
  assert.is(modelFolder({}), `${import.meta.dirname}/model`)
  assert.is(modelFolder({ MODEL_DIR: '/models/iris' }), '/models/iris')
})

test.run()
