import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { jsonText, mutated } from './fuzz.fixture.ts'
import { deepestJson, isLight, lookOver, parseInPieces } from './json.ts'
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

test('a text may nest to the limit and not deeper, and brackets in strings do not count', async () => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`
  assert.is((await lookOver(nested(deepestJson))).depth, deepestJson)
  for (const text of [nested(deepestJson + 1), '{"a":'.repeat(100_000)]) {
    const error = await lookOver(text).catch((reason: unknown) => reason)
    assert.match((error as Error).message, 'nests more than 64')
  }
  assert.is((await lookOver(`["${'['.repeat(100)}\\"${'{'.repeat(100)}"]`)).depth, 1)
})

/** Counts how often work pauses that is due after each step. */
class Counting extends Work {
  pauses = 0
  override get due(): boolean {
    return true
  }
  override async pause(): Promise<void> {
    this.pauses++
  }
}

for (const [what, unit] of [
  ['lists', '[],'],
  ['texts', '"",'],
  ['commas', ','],
  ['space', ' '],
] as const)
  test(`a megabyte of ${what} is looked over and parsed in many steps, with a pause after each`, async () => {
    const text = `[${unit.repeat(1e6 / unit.length)}[]]`
    const looking = new Counting()
    const extent = await lookOver(text, { work: () => looking })
    assert.equal(extent, extentOf(text))
    assert.ok(looking.pauses >= 50, `${looking.pauses} pauses`)
    const parsing = new Counting()
    assert.equal(await outcome(() => parseInPieces(text, extent, parsing)), await outcome(() => JSON.parse(text)))
    // What is light is parsed as a whole.
    assert.ok(isLight(extent, text) || parsing.pauses >= 50, `${parsing.pauses} pauses`)
  })

test.run()
