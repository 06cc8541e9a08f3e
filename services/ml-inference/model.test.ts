import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { predict, version } from './model.ts'

test('no evidence is a probability of one half', () => {
  assert.is(predict([0]), 0.5)
  assert.is(predict([0, 0, 0]), 0.5)
})

test('one feature goes through the logistic function', () => {
  assert.is(predict([1]), 1 / (1 + Math.exp(-1)))
})

test('the first feature weighs twice as much as the second', () => {
  assert.ok(Math.abs(predict([3, 0]) - 1 / (1 + Math.exp(-2))) < 1e-12)
  assert.ok(Math.abs(predict([0, 3]) - 1 / (1 + Math.exp(-1))) < 1e-12)
})

test('any number of features, of any finite size, gives a probability, and always the same', () => {
  const most = Number.MAX_VALUE
  const rows = [
    [most],
    [-most],
    [most, most, most],
    [most, -most],
    [-most, most, -most],
    Array.from({ length: 100_000 }, (_, index) => index % 7),
  ]
  for (const row of rows) {
    const prediction = predict(row)
    assert.ok(prediction >= 0 && prediction <= 1, `${row.slice(0, 3)} gives ${prediction}`)
    assert.is(predict(row), prediction)
  }
})

test('the version is a semantic one', () => {
  assert.match(version, /^\d+\.\d+\.\d+$/)
})

test.run()
