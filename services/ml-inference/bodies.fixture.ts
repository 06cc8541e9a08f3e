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

/** Bodies of `/predict`: nearly right ones, and anything. */
export const predictBody = fc.oneof(
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

/** Bodies of `/v2/models/…/infer`: nearly right ones, and anything. */
export const inferBody = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ id: value, inputs: fc.array(tensor, { maxLength: 2 }), outputs: wanted }, { requiredKeys: ['inputs'] }),
  },
  { weight: 1, arbitrary: fc.jsonValue() },
)

const malformed = fc.oneof(fc.string(), fc.constantFrom('{"features":[1', '[', '\ud800'))

/** Requests to the default model, right and wrong: each is answered, or refused as a mistake of the client. */
export const inferenceFuzz: Pick<Fuzz<FuzzRequest>, 'requests' | 'judge'> = {
  requests: fc
    .tuple(
      fc.constantFrom('/predict', '/v2/models/weighted-mean/infer'),
      fc.oneof(
        { weight: 5, arbitrary: fc.oneof(predictBody, inferBody).map((body) => JSON.stringify(body) ?? '') },
        { weight: 1, arbitrary: malformed },
      ),
    )
    .map(([path, body]) => ({ method: 'POST', path, body })),
  judge(_request, { status, text }) {
    const { error } = JSON.parse(text)
    assert.ok(status === 200 || (status === 400 && typeof error === 'string'), `${status} ${text}`)
  },
}
