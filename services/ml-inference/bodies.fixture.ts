import fc from 'fast-check'
import * as assert from 'uvu/assert'
import type { Fuzz, FuzzRequest } from '../kit/fuzz.fixture.ts'

/** Values as clients get them wrong. */
const value = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom(1e300, -0, 2 ** 53, '1', '', null, true, [], {}),
  fc.string(),
  fc.jsonValue(),
)
const numbers = fc.array(fc.oneof({ weight: 9, arbitrary: fc.integer({ min: -9, max: 9 }) }, { weight: 1, arbitrary: value }), {
  maxLength: 4,
})

/** A row as the default model takes it: numbers of any size. */
const row = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 6 })

/** Bodies of `/predict`: right ones, nearly right ones, and anything. */
export const predictBody = fc.oneof(
  fc.record({ features: row }),
  fc.record({ instances: fc.array(row, { minLength: 1, maxLength: 7 }) }),
  fc.record({ features: fc.oneof(numbers, value) }),
  fc.record({ instances: fc.oneof(fc.array(fc.oneof(numbers, value), { maxLength: 7 }), value) }),
  fc.record({ features: numbers, instances: fc.array(numbers) }, { requiredKeys: [] }),
  fc.jsonValue(),
)

const shape = fc.oneof(
  fc.array(fc.integer({ min: -1, max: 4 }), { maxLength: 3 }),
  fc.constantFrom([1, 2], [2, 2], [3, 1], [2 ** 31, 2 ** 31]),
  value,
)
const tensor = fc.record(
  {
    name: fc.constantFrom('values', 'values', 'features', 'x'),
    shape,
    datatype: fc.constantFrom('FP32', 'FP64', 'INT64', 'BYTES', 7),
    data: fc.oneof(numbers, fc.array(numbers, { maxLength: 3 }), value),
  },
  { requiredKeys: ['name'] },
)
const wanted = fc.oneof(fc.array(fc.record({ name: fc.constantFrom('sum', 'prediction', 'x') }), { maxLength: 2 }), value)

/** Of the default model, and of those of other tests. */
const inputName = fc.constantFrom('features', 'values')

/** A tensor whose shape fits its data. */
const fitting = fc
  .tuple(inputName, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), fc.boolean(), row)
  .map(([name, rows, columns, flat, numbers]) => {
    const data = Array.from({ length: rows }, () => Array.from({ length: columns }, (_, column) => numbers[column % numbers.length]!))
    return { name, shape: [rows, columns], datatype: 'FP64', data: flat ? data.flat() : data }
  })

/** Bodies of `/v2/models/…/infer`: right ones, nearly right ones, and anything. */
export const inferBody = fc.oneof(
  { weight: 2, arbitrary: fc.record({ inputs: fc.tuple(fitting) }) },
  {
    weight: 4,
    arbitrary: fc.record({ id: value, inputs: fc.array(tensor, { maxLength: 2 }), outputs: wanted }, { requiredKeys: ['inputs'] }),
  },
  { weight: 1, arbitrary: fc.jsonValue() },
)

const malformed = fc.oneof(fc.string(), fc.constantFrom('{"features":[1', '[', '\ud800'))
const predict = fc.constant('/predict')
const infer = fc.constant('/v2/models/weighted-mean/infer')
const text = (body: fc.Arbitrary<unknown>) => body.map((value) => JSON.stringify(value) ?? '')

/** Requests to the default model, right and wrong: each is answered, or refused as a mistake of the client. */
export const inferenceFuzz: Pick<Fuzz<FuzzRequest>, 'requests' | 'judge'> = {
  requests: fc
    .oneof(
      { weight: 4, arbitrary: fc.tuple(predict, text(predictBody)) },
      { weight: 4, arbitrary: fc.tuple(infer, text(inferBody)) },
      // A body that belongs to the other path, or nowhere.
      { weight: 1, arbitrary: fc.tuple(fc.oneof(predict, infer), fc.oneof(text(predictBody), text(inferBody), malformed)) },
    )
    .map(([path, body]) => ({ method: 'POST', path, body })),
  judge(_request, { status, text }) {
    const { error } = JSON.parse(text)
    assert.ok(status === 200 || (status === 400 && typeof error === 'string'), `${status} ${text}`)
  },
}
