import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { startChild, stopChild } from '../kit/child.fixture.ts'
import { fuzz } from '../kit/fuzz.fixture.ts'
import { HttpError } from '../kit/http-error.ts'
import { finishNow } from '../kit/turns.ts'
import { inferBody, inferenceFuzz, predictBody } from './bodies.fixture.ts'
import { readManifest } from './manifest.ts'
import { numberTypes } from './number-type.ts'
import { readInfer } from './protocol.ts'
import { type RowRules, readRows } from './rows.ts'

const runs = { numRuns: 2000 }

/** What a parser makes of this: a value, or the refusal that the client gets; anything else that it throws is a bug. */
function parsed<T>(work: () => T): T | HttpError {
  try {
    return work()
  } catch (error) {
    if (error instanceof HttpError) return error
    throw error
  }
}

for (const numbers of Object.values(numberTypes)) {
  for (const columns of [undefined, 2]) {
    const rules: RowRules = { numbers, columns, model: 'test', instances: 5 }
    const kind = `${numbers.name}, ${columns ?? 'any number of'} columns`

    test(`any body either gives rows that the model takes or is a 400 that names features or instances (${kind})`, () => {
      fc.assert(
        fc.property(predictBody, (body) => {
          const result = parsed(() => readRows(body, rules))
          if (result instanceof HttpError) return result.status === 400 && /features|instances/.test(result.message)
          const { rows } = result
          return (
            rows.length > 0 &&
            rows.length <= 5 &&
            rows.every((row) => row.length > 0 && row.length === (columns ?? row.length) && row.every(numbers.holds))
          )
        }),
        runs,
      )
    })

    test(`any request to infer either gives rows that the model takes or is a 400 (${kind})`, () => {
      const input = { name: 'values', type: numbers.name, shape: [undefined, columns], numbers }
      const model = { input, outputs: [{ name: 'sum', type: 'float64', shape: [undefined] }], hasRows: true }
      fc.assert(
        fc.property(inferBody, (body) => {
          const result = parsed(() => finishNow(readInfer(body, model, rules)))
          if (result instanceof HttpError) return result.status === 400 && result.message.length < 300
          return result.rows.length <= 5 && result.rows.every((row) => row.length === result.rows[0]!.length && row.every(numbers.holds))
        }),
        runs,
      )
    })
  }
}

test('a tensor of half a million numbers is read in many steps', () => {
  const model = {
    input: { name: 'values', type: 'float64', shape: [undefined, undefined], numbers: numberTypes.float64! },
    outputs: [],
    hasRows: true,
  }
  const rules: RowRules = { numbers: numberTypes.float64!, columns: undefined, model: 'test', instances: 1000 }
  const row = Array(500).fill(1)
  for (const data of [Array(500_000).fill(1), Array.from({ length: 1000 }, () => row)]) {
    const steps = readInfer({ inputs: [{ name: 'values', shape: [1000, 500], datatype: 'FP64', data }] }, model, rules)
    let count = 0
    let step = steps.next()
    for (; !step.done; step = steps.next()) count++
    assert.is(step.value.rows.length, 1000)
    assert.ok(count > 30, `${count} steps`)
  }
})

test('whatever numbers are packed are laid out row by row', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.integer(), { minLength: 1, maxLength: 6 }), (count, row) => {
      const rows = Array.from({ length: count }, (_, index) => row.map((value) => (value + index) | 0))
      for (const name of ['float64', 'int32', 'int64'] as const) {
        assert.equal([...numberTypes[name]!.pack(rows, row.length)].map(Number), rows.flat())
      }
    }),
  )
})

test('any text as a model.json is read, or refused with a sentence', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      try {
        readManifest(text, 'model.json')
      } catch (error) {
        assert.match((error as Error).message, /^model\.json (is no JSON|does not describe a model): /)
      }
    }),
    runs,
  )
})

test('no body makes the service fail', async () => {
  const service = await startChild(`${import.meta.dirname}/server.ts`)
  try {
    await fuzz({ address: service.address!, count: 3000, ...inferenceFuzz })
    assert.is(service.process.exitCode, null)
  } finally {
    await stopChild(service)
  }
})

test.run()
