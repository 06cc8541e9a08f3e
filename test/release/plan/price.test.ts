import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { priceOf, priceOfRemaining } from '../../../src/release/plan/price.ts'

/** The price of a machine in cents. */
function cents(type: string, diskGiB = 20) {
  const price = priceOf({ instance: { type, fallbackTypes: [], diskGiB, swapMiB: 0, credits: 'standard' } })
  return Object.values(price).map((amount) => (amount === undefined ? undefined : Math.round(amount * 100)))
}

test('a price is the sum of machine, disk and two addresses for a month', () => {
  assert.equal(cents('t3.micro'), [759, 160, 730, 1649])
  assert.equal(cents('m6i.large', 100), [7008, 800, 730, 8538])
})

test('sizes of a family cost in proportion', () => {
  assert.is(cents('t3.nano')[0], 380)
  assert.is(cents('m6i.xlarge')[0], 14016)
  assert.is(cents('m6i.2xlarge')[0], 28032)
  assert.is(cents('m6i.24xlarge')[0], 336384)
})

test('what the table does not have is unknown, not free', () => {
  for (const type of ['x9.micro', 't3.metal', 't3', '']) assert.equal(cents(type), [undefined, 160, 730, undefined], type)
})

test('an address that is left behind costs on', () => {
  assert.is(priceOfRemaining('elastic ip'), 3.65)
  assert.is(priceOfRemaining('vpc'), undefined)
})

test.run()
