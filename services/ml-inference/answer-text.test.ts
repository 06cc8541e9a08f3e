import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { Work } from '../kit/turns.ts'
import { listText } from './answer-text.ts'
import { createApp } from './app.ts'
import { classifier, modelFolder } from './model.fixture.ts'

process.env.LOG_LEVEL = 'error'

for (const count of [0, 1, 4095, 4096, 4097, 20_000])
  for (const each of [1, 7, 10_000])
    test(`a list of ${count} in pieces, ${each} values an element, is what JSON.stringify makes of it`, async () => {
      const list = Array.from({ length: count }, (_, index) => [index, null, '"'])
      assert.is(await listText(count, (index) => list[index], new Work(), each), JSON.stringify(list))
    })

test('nobody makes an answer that nobody waits for', async () => {
  const never = listText(3_000_000, (index) => index, new Work(() => true))
  assert.is(await never.catch((error) => error.status), 499)
})

test('an answer of more values than it may have is a 413 that says both, by /predict and by the protocol', async () => {
  const golden = { features: [1, 0], prediction: [0.665241, 0.244728, 0.090031], tolerance: 1e-5 }
  const made = modelFolder(classifier, golden, { output: 'chances', labels: ['a', 'b', 'c'] })
  const app = await createApp({ name: 'ml-inference', environment: { MODEL_DIR: made.folder, MAX_ANSWER_VALUES: '12' } })
  const { port, close } = await app.listen({ host: '127.0.0.1', port: 0 })
  const call = async (path: string, body: unknown) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body: JSON.stringify(body) })
    return [response.status, ((await response.json()) as { error?: string }).error]
  }
  const predict = (rows: number) => call('/predict', { instances: Array(rows).fill([1, 2]) })
  const infer = (rows: number, ...outputs: string[]) =>
    call('/v2/models/test/infer', {
      inputs: [{ name: 'values', shape: [rows, 2], datatype: 'FP32', data: Array(rows * 2).fill(1) }],
      outputs: outputs.map((name) => ({ name })),
    })
  const tooMany = (values: number) => [
    413,
    `The answer would have ${values} values, expected at most 12: send fewer rows or ask for fewer outputs`,
  ]
  try {
    assert.equal(await predict(3), [200, undefined])
    assert.equal(await predict(4), tooMany(16))
    assert.equal(await predict(5), tooMany(15))
    assert.equal(await infer(3, 'class', 'chances'), [200, undefined])
    assert.equal(await infer(4, 'class', 'chances'), tooMany(16))
    assert.equal(await infer(12, 'class'), [200, undefined])
  } finally {
    await close()
    made.remove()
  }
})

test.run()
