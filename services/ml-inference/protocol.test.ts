import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Child, startChild, stopChild } from '../kit/child.fixture.ts'
import { classifier, modelFolder } from './model.fixture.ts'

const golden = { features: [1, 0], prediction: [0.665241, 0.244728, 0.090031], tolerance: 1e-5 }
const made = modelFolder(classifier, golden, { output: 'chances' })
let service: Child

test.before(async () => {
  service = await startChild(`${import.meta.dirname}/server.ts`, { MODEL_DIR: made.folder, MAX_INSTANCES: '4' })
})

test.after(async () => {
  await stopChild(service)
  made.remove()
})

async function call(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<[number, unknown]> {
  const response = await fetch(
    `${service.address}${path}`,
    body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) },
  )
  return [response.status, await response.json()]
}

const tensor = (shape: unknown, data: unknown, more: Record<string, unknown> = {}) => ({
  inputs: [{ name: 'values', shape, datatype: 'FP32', data, ...more }],
})

test('the server says what it is, that it lives and that it is ready', async () => {
  assert.equal(await call('/v2'), [200, { name: 'ml-inference', version: '2.1.0', extensions: [] }])
  assert.equal(await call('/v2/health/live'), [200, { live: true }])
  assert.equal(await call('/v2/health/ready'), [200, { ready: true }])
})

for (const path of ['/v2/models/test', '/v2/models/test/versions/2.1.0']) {
  test(`${path} says what the model takes and gives, and whether it is ready`, async () => {
    const facts = {
      name: 'test',
      versions: ['2.1.0'],
      platform: 'onnxruntime_onnx',
      inputs: [{ name: 'values', datatype: 'FP32', shape: [-1, 2] }],
      outputs: [
        { name: 'class', datatype: 'INT64', shape: [-1] },
        { name: 'chances', datatype: 'FP32', shape: [-1, 3] },
      ],
    }
    assert.equal(await call(path), [200, facts])
    assert.equal(await call(`${path}/ready`), [200, { name: 'test', ready: true }])
  })

  test(`${path}/infer answers with all outputs, in the order of the rows`, async () => {
    const [status, body] = await call(`${path}/infer`, { id: 'seven', ...tensor([3, 2], [0, 3, 5, 0, -5, -5]) })
    assert.is(status, 200)
    const { outputs, ...about } = body as { outputs: { name: string; data: number[] }[] }
    assert.equal(about, { model_name: 'test', model_version: '2.1.0', id: 'seven' })
    assert.equal(outputs[0], { name: 'class', datatype: 'INT64', shape: [3], data: [1, 0, 2] })
    const { data, ...chances } = outputs[1]!
    assert.equal(chances, { name: 'chances', datatype: 'FP32', shape: [3, 3] })
    assert.is(data.length, 9)
    for (const row of [0, 3, 6]) assert.ok(Math.abs(data[row]! + data[row + 1]! + data[row + 2]! - 1) < 1e-6)
  })
}

test('data may be nested, of other numbers, and only some outputs be asked for', async () => {
  const nested = {
    ...tensor(
      [2, 2],
      [
        [0, 3],
        [5, 0],
      ],
      { datatype: 'INT64' },
    ),
    outputs: [{ name: 'class' }],
  }
  assert.equal(await call('/v2/models/test/infer', nested), [
    200,
    { model_name: 'test', model_version: '2.1.0', outputs: [{ name: 'class', datatype: 'INT64', shape: [2], data: [1, 0] }] },
  ])
})

test('another model or version is not found', async () => {
  assert.equal(await call('/v2/models/other'), [404, { error: 'Model not found: other; there is test' }])
  assert.equal(await call('/v2/models/test/versions/9.0.0/ready'), [404, { error: 'Version not found: 9.0.0 of test; there is 2.1.0' }])
  assert.is((await call('/v2/models/other/infer', {}))[0], 404)
})

const refused: [unknown, string][] = [
  [null, 'the request is null, expected an object'],
  [[], 'the request is a list, expected an object'],
  [{}, 'inputs is missing, expected a list with the tensor values'],
  [{ id: 7, inputs: [] }, 'id is 7, expected a text'],
  [{ inputs: [] }, 'inputs has 0 tensors, the model test takes 1: values'],
  [{ inputs: ['x'] }, 'inputs[0] is "x", expected an object'],
  [tensor([1, 2], [1, 2], { name: 'x' }), 'inputs[0].name is "x", expected "values"'],
  [tensor([1, 2], [1, 2], { datatype: 'BYTES' }), 'inputs[0].datatype is "BYTES", expected FP32 or other numbers'],
  [tensor('1,2', [1, 2]), 'inputs[0].shape is "1,2", expected a list of whole numbers above 0'],
  [tensor([0, 2], []), 'inputs[0].shape is [0,2], expected a list of whole numbers above 0'],
  [tensor([2], [1, 2]), 'inputs[0].shape is [2], the model test takes [-1,2]'],
  [tensor([1, 3], [1, 2, 3]), 'inputs[0] has 3 numbers, the model test takes 2'],
  [tensor([5, 2], Array(10).fill(1)), 'inputs[0] has 5 rows, expected at most 4'],
  [tensor([1, 2], 7), 'inputs[0].data is 7, expected a list of numbers'],
  [tensor([1, 2], [1]), 'inputs[0].data has 1 values, its shape says 2'],
  [
    tensor([2, 2], [1, 2, 3, 'x']),
    'inputs[0].data has "x", expected a finite number that fits in 32 bits (row 1, column 1, counted from 0)',
  ],
  [tensor([1, 2], [1, [2, 3]]), 'inputs[0].data has 3 values, its shape says 2'],
  [{ ...tensor([1, 2], [1, 2]), outputs: 'class' }, 'outputs is "class", expected a list of tensors'],
  [{ ...tensor([1, 2], [1, 2]), outputs: [{ name: 'x' }] }, 'outputs[0].name is "x", the model has class, chances'],
  [
    { ...tensor([1, 2], [1, 2]), outputs: [{ name: 'class' }, { name: 'chances' }, { name: 'class' }] },
    'outputs[2].name is "class", which is asked for already',
  ],
  [tensor(Array(5000).fill(1), [1]), 'inputs[0].shape is a list, expected a list of whole numbers above 0'],
]

for (const [body, error] of refused) {
  test(`${JSON.stringify(body).slice(0, 90)} is a 400 that says what is wrong`, async () => {
    assert.equal(await call('/v2/models/test/infer', body), [400, { error }])
  })
}

test('binary tensors are refused with what to do', async () => {
  const [status, body] = await call('/v2/models/test/infer', {}, { 'inference-header-content-length': '12' })
  assert.equal([status, body], [400, { error: 'Binary tensors are not supported: send the data as JSON (binary_data=False)' }])
})

test('rows that come by the protocol are counted as predictions too', async () => {
  const read = async () => {
    const text = await (await fetch(`${service.address}/metrics`)).text()
    return Number(/^ml_predictions_total\{.*\} (\d+)$/m.exec(text)?.[1])
  }
  const before = await read()
  await call('/v2/models/test/infer', tensor([3, 2], [1, 2, 3, 4, 5, 6]))
  assert.is(await read(), before + 3)
})

test.run()
