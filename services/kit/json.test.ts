import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { jsonText, mutated } from './fuzz.fixture.ts'
import { deepestJson, lookOver, parseInPieces } from './json.ts'
import { extentOf } from './json-extent.ts'
import { Work } from './turns.ts'

/** What came of it, whatever it was: errors differ in their words only. */
async function outcome(parse: () => unknown): Promise<unknown> {
  try {
    return { value: await parse() }
  } catch (error) {
    return (error as Error).name
  }
}

const inPieces = (text: string, effort: number) => outcome(() => parseInPieces(text, extentOf(text), new Work(), effort))

const texts = [
  '[1,]',
  '[,1]',
  '[,]',
  '[]',
  '[ ]',
  '{}',
  '{ }',
  '{,}',
  '{"a":1,}',
  '[[],]',
  '[,[]]',
  '[[] []]',
  '{"a":[]"b":[]}',
  '[[}',
  '{"a":{]',
  '[[]]]',
]
for (const text of [
  ...texts,
  '{"a":{},"a":[]}',
  '{"__proto__":{},"b":[[]]}',
  '{a:[]}',
  '{"a" [[]]}',
  '{"a":1 :[[]]}',
  '{1:[[]]}',
  '[1 2,[]]',
  '',
  ' ',
  '[',
  '"[',
  '[[],[]',
])
  test(`${text} in pieces is what JSON.parse makes of it`, async () => {
    assert.equal(await inPieces(text, 0), await outcome(() => JSON.parse(text)))
    assert.equal(await inPieces(` ${text}\n`, 0.5), await outcome(() => JSON.parse(text)))
  })

test('texts that are JSON, and texts that nearly are, are in pieces what JSON.parse makes of them', async () => {
  const nested = fc.json({ maxDepth: 6 })
  await fc.assert(
    fc.asyncProperty(fc.oneof(nested, jsonText, mutated(nested)), fc.integer({ min: 0, max: 6 }), async (text, effort) => {
      assert.equal(await inPieces(text, effort), await outcome(() => JSON.parse(text)))
    }),
    { numRuns: 3000 },
  )
})

test('members keep their order, and a name that is there twice is there once, with the last value', async () => {
  const text = '{"b":[[]],"a":{"x":{}},"b":2,"__proto__":[[]]}'
  const value = (await parseInPieces(text, extentOf(text), new Work(), 0)) as object
  assert.is(JSON.stringify(value), JSON.stringify(JSON.parse(text)))
  assert.is(Object.getPrototypeOf(value), Object.prototype)
})

test('work on a large text lets others go in between, and stops when nobody wants it any more', async () => {
  const text = `[${Array(300_000).fill('[]').join(',')}]`
  let rounds = 0
  let counting = true
  const count = () => {
    rounds++
    if (counting) setImmediate(count)
  }
  setImmediate(count)
  assert.is(((await parseInPieces(text, extentOf(text))) as unknown[]).length, 300_000)
  counting = false
  assert.ok(rounds > 2, `${rounds} rounds`)
  const unwanted = await outcome(() => parseInPieces(text, extentOf(text), new Work(() => true)))
  assert.is(unwanted, 'HttpError')
})

test('a text may nest to the limit and not deeper, and brackets in strings do not count', () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  assert.is(lookOver(nested(deepestJson)).depth, deepestJson)
  assert.throws(() => lookOver(nested(deepestJson + 1)), 'nests more than 64')
  assert.throws(() => lookOver('{"a":'.repeat(100_000)), 'nests more than 64')
  assert.is(lookOver(`["${'['.repeat(100)}\\"${'{'.repeat(100)}"]`).depth, 1)
})

test.run()
