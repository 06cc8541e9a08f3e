import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { makeModel } from './make-model.ts'
import { classifier, graph, sum } from './model.fixture.ts'
import { loadModel, type Model, valueAt } from './model.ts'
import { type Graph, onnxFile } from './onnx/graph.ts'
import { weightedMeanOf } from './weighted-mean.ts'

const own = join(import.meta.dirname, 'model')

let folder: string
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'models-'))
})
test.after(() => rmSync(folder, { recursive: true, force: true }))

/** Writes a model and loads it. */
async function load(written: Graph | string): Promise<Model> {
  const file = join(folder, 'model.onnx')
  writeFileSync(file, typeof written === 'string' ? written : onnxFile(written))
  return loadModel(file, 'model.onnx')
}

async function predict(model: Model, rows: number[][]): Promise<number[]> {
  const [output] = await model.run(rows)
  return rows.map((_, row) => Number(valueAt(output!, row, 0)))
}

async function refusal(written: Graph | string): Promise<string> {
  try {
    await load(written)
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('it was loaded')
}

test('the files of the default model are what its script writes, byte for byte', async () => {
  for (const name of ['once', 'twice']) {
    await makeModel(join(folder, name))
    for (const file of ['model.onnx', 'model.json'])
      assert.ok(readFileSync(join(folder, name, file)).equals(readFileSync(join(own, file))), file)
  }
})

test('the default model is a logistic of a weighted mean, for any number of features', async () => {
  const model = await loadModel(join(own, 'model.onnx'), 'model.onnx')
  const { MAX_VALUE: most, MIN_VALUE: least } = Number
  const rows = [
    [0],
    [1],
    [3, 0],
    [0, 3],
    [5.1, 3.5, 1.4, 0.2],
    [most],
    [-most],
    [most, most, most],
    [most, -most],
    [-most, most, -most],
    [least, -0],
  ]
  rows.push(Array.from({ length: 100_000 }, (_, index) => index % 7))
  for (const row of rows) {
    const [got] = await predict(model, [row])
    assert.ok(Math.abs(got! - weightedMeanOf(row)) < 1e-12, `${row.slice(0, 3)} gives ${got}`)
    assert.ok(got! >= 0 && got! <= 1)
  }
  await model.close()
})

test('each row of a batch gets what it gets alone', async () => {
  const model = await load(classifier)
  const rows = Array.from({ length: 100 }, (_, row) => [Math.sin(row), Math.cos(row)])
  const [classes, chances] = await model.run(rows)
  for (const [index, row] of rows.entries()) {
    const [alone, ours] = await model.run([row])
    assert.is(valueAt(classes!, index, 0), valueAt(alone!, 0, 0))
    for (const place of [0, 1, 2]) assert.ok(Math.abs(Number(valueAt(chances!, index, place)) - Number(valueAt(ours!, 0, place))) < 1e-6)
  }
  assert.equal([chances!.stride, chances!.rowShape, chances!.datatype], [3, [3], 'FP32'])
  assert.equal([classes!.stride, classes!.rowShape, classes!.datatype], [1, [], 'INT64'])
  await model.close()
})

test('every kind of numbers is handed over as it is', async () => {
  for (const type of ['float32', 'float64', 'int32', 'int64'] as const) {
    const model = await load(graph({ shape: ['rows', 'columns'], type }))
    assert.equal(
      await predict(model, [
        [1, 2],
        [3, -5],
      ]),
      [3, -2],
      type,
    )
    await model.close()
  }
})

test('an input without an axis for rows takes one row at a time, and one with several inner axes takes them laid out', async () => {
  const plain = await load(graph({ shape: ['columns'] }))
  assert.equal([plain.hasRows, plain.rowsAtOnce, plain.columns], [false, 1, undefined])
  assert.equal(await predict(plain, [[1, 2, 3]]), [6])
  const picture = await load(graph({ shape: [1, 2, 3] }))
  assert.equal([picture.hasRows, picture.rowsAtOnce, picture.columns], [true, 1, 6])
  const [output] = await picture.run([[1, 2, 3, 4, 5, 6]])
  assert.equal([valueAt(output!, 0, 0), valueAt(output!, 0, 1), output!.rowShape], [6, 15, [2]])
  const any = await load(sum)
  assert.equal([any.hasRows, any.rowsAtOnce, any.columns], [true, Number.POSITIVE_INFINITY, undefined])
  for (const model of [plain, picture, any]) await model.close()
})

test('what is no model of rows is refused, with what it is instead', async () => {
  assert.match(await refusal('not a model'), /^model\.onnx could not be loaded: /)
  assert.match(await refusal(graph({ shape: [8, 2] })), 'takes exactly 8 rows at once')
  assert.match(await refusal(graph({ shape: ['rows', 'wide', 'high'] })), 'more than one axis of any length')
  const two = { ...sum, inputs: [...sum.inputs, { name: 'more', type: 'float64' as const, shape: [1] }] }
  assert.match(await refusal(two), 'takes 2 inputs')
  const identity: Graph = { ...sum, constants: [], nodes: [{ op: 'Identity', inputs: ['values'], outputs: ['sum'] }] }
  const typed = (type: 'bool' | 'float64', shape: string[]): Graph => ({
    ...identity,
    inputs: [{ name: 'values', type, shape }],
    outputs: [{ name: 'sum', type, shape }],
  })
  assert.match(await refusal(typed('bool', ['rows', 'columns'])), 'takes bool, expected float64, float32')
  assert.match(await refusal(typed('float64', [])), 'a single number')
})

test('an output that does not have the rows of its input is an error', async () => {
  const total = { ...sum, outputs: [{ name: 'sum', type: 'float64' as const, shape: ['columns'] }] }
  const model = await load({ ...total, constants: [{ name: 'axis', type: 'int64', dims: [1], values: [0] }] })
  const failed = await model.run([[1, 2, 3]]).then(
    () => '',
    (error: Error) => error.message,
  )
  assert.is(failed, 'The output sum has the shape [3] for 1 rows.')
  await model.close()
})

test('truth values and texts are shown as such', () => {
  const output = { name: 'x', rowShape: [], stride: 1 }
  assert.is(valueAt({ ...output, datatype: 'BOOL', data: Uint8Array.of(0, 1) }, 1, 0), true)
  assert.is(valueAt({ ...output, datatype: 'BYTES', data: ['a', 'b'] }, 1, 0), 'b')
})

test.run()
