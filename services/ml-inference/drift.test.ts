import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { binOf, binsOf, stabilityIndex } from './baseline.ts'
import { createDistribution } from './drift.ts'

const bins = { edges: [0, 10], shares: [0.25, 0.5, 0.25] }
const near = (got: number | undefined, expected: number) => assert.ok(Math.abs(got! - expected) < 1e-9, `${got}, expected ${expected}`)

test('a value falls into the bin between its edges, and an edge belongs to the bin above it', () => {
  assert.equal(
    [-5, 0, 5, 10, 15].map((value) => binOf([0, 10], value)),
    [0, 1, 1, 2, 2],
  )
  assert.is(binOf([], 3), 0)
})

test('the bins of the training hold the same share each, and equal values stay together', () => {
  const even = binsOf(
    Array.from({ length: 100 }, (_, index) => index),
    4,
  )
  assert.equal(even, { edges: [25, 50, 75], shares: [0.25, 0.25, 0.25, 0.25] })
  assert.equal(binsOf([1, 1, 1, 2], 4), { edges: [2], shares: [0.75, 0.25] })
  assert.equal(binsOf([7, 7, 7]), { edges: [], shares: [1] })
})

test('the index is zero for the same shares and grows with the distance', () => {
  near(stabilityIndex([0.5, 0.5], [50, 50]), 0)
  // By hand: (0.8 − 0.5)·ln(0.8/0.5) + (0.2 − 0.5)·ln(0.2/0.5)
  near(stabilityIndex([0.5, 0.5], [80, 20]), 0.3 * Math.log(1.6) - 0.3 * Math.log(0.4))
  assert.ok(stabilityIndex([0.5, 0.5], [100, 0]) > 1)
  assert.ok(Number.isFinite(stabilityIndex([1, 0], [0, 100])))
})

test('the index is never negative, whatever the bins and counts are', () => {
  const shares = fc.array(fc.nat(1000), { minLength: 1, maxLength: 20 }).filter((counts) => counts.some((count) => count > 0))
  fc.assert(
    fc.property(shares, shares, (expected, observed) => {
      const total = expected.reduce((sum, count) => sum + count, 0)
      const counts = expected.map((_, bin) => observed[bin] ?? 1)
      if (counts.every((count) => count === 0)) return true
      return (
        stabilityIndex(
          expected.map((count) => count / total),
          counts,
        ) >= -1e-9
      )
    }),
  )
})

test('too few values have no index', () => {
  const distribution = createDistribution(bins, { minimumRows: 3, windowRows: 10 })
  for (const value of [-1, 5]) distribution.observe(value)
  assert.is(distribution.index(), undefined)
  for (const value of [5, 15]) distribution.observe(value)
  near(distribution.index(), 0)
})

test('the index looks back two windows at most, so that a change shows in old services too', () => {
  const distribution = createDistribution(bins, { minimumRows: 1, windowRows: 4 })
  const typical = [-1, 5, 5, 15]
  for (let round = 0; round < 100; round++) for (const value of typical) distribution.observe(value)
  near(distribution.index(), 0)
  for (const _ of [1, 2, 3, 4]) distribution.observe(99)
  assert.ok(distribution.index()! > 0.5)
  for (let round = 0; round < 2; round++) for (const value of typical) distribution.observe(value)
  near(distribution.index(), 0)
})

test('the totals count everything since the start, by interval', () => {
  const distribution = createDistribution(bins, { minimumRows: 1, windowRows: 2 })
  for (const value of [-1, 0, 5, 99, 99]) distribution.observe(value)
  assert.equal(distribution.totals(), [
    { bin: '-Inf..0', count: 1 },
    { bin: '0..10', count: 2 },
    { bin: '10..+Inf', count: 2 },
  ])
})

test.run()
