import { createHash } from 'node:crypto'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Attempt } from './case.ts'
import { inferenceDoors, ingestionDoors, unknownDoor } from './doors.ts'
import { families } from './families/index.ts'
import { planCases } from './plan.ts'
import type { Target } from './target.ts'

const at = { url: 'http://127.0.0.1:1', host: '127.0.0.1', port: 1, longAnswer: undefined, boundsDepth: true }
const model = { name: 'm', inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }], outputs: [{ name: 'y' }] }
const targets: readonly Target[] = [
  { ...at, name: 'data-ingestion', doors: ingestionDoors, longAnswer: '/data?limit=1000' },
  { ...at, name: 'ml-inference', doors: inferenceDoors(model) },
  { ...at, name: 'another', doors: [unknownDoor('/double')], boundsDepth: false },
]
/** All of an attempt, in a few bytes: some are of many megabytes. */
function mark({ connections, ...rest }: Attempt): string {
  const hash = createHash('sha256').update(JSON.stringify(rest))
  for (const { pieces, ...manner } of connections.slice(0, 2)) {
    hash.update(JSON.stringify(manner))
    for (const piece of pieces) hash.update(piece)
  }
  return `${connections.length} ${hash.digest('hex')}`
}
const numbers = Array.from({ length: 45 }, (_, index) => index)

for (const target of targets)
  test(`a case for ${target.name} is the same whenever it is made, alone or among others`, () => {
    for (const one of planCases(families, 7, numbers)) {
      const [alone] = planCases(families, 7, [one.number])
      assert.is(alone!.family, one.family)
      assert.is(mark(alone!.make(target)), mark(one.make(target)), `case ${one.number}`)
    }
  })

test('a few cases are of every family, and another seed gives others', () => {
  const few = planCases(families, 1, numbers.slice(0, families.length))
  assert.equal(new Set(few.map(({ family }) => family)), new Set(families))
  const about = (seed: number) => planCases(families, seed, numbers).map((one) => one.make(targets[0]!).about)
  assert.not.equal(about(1), about(2))
})

test('what is called valid is JSON of about the size that was asked for', () => {
  for (const door of targets.flatMap(({ doors }) => doors))
    for (const bytes of [2000, 100_000]) {
      const text = door.valid(bytes)
      for (const line of door.type.includes('ndjson') ? text.split('\n') : [text]) JSON.parse(line)
      assert.ok(text.length <= bytes, `${door.path}: ${text.length} of ${bytes}`)
    }
})

test('a model with a fixed number of columns gets rows of it', () => {
  const [single, list, infer] = inferenceDoors(model)
  assert.equal(JSON.parse(single!.valid(1000)), { features: [0.5, 0.5, 0.5] })
  assert.ok(JSON.parse(list!.valid(1000)).instances.every((row: number[]) => row.length === 3))
  const [tensor] = JSON.parse(infer!.valid(1000)).inputs
  assert.is(tensor.data.length, tensor.shape[0] * 3)
})

test.run()
