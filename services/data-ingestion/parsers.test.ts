import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { mutated } from '../kit/fuzz.fixture.ts'
import type { Bearer } from '../kit/json-body.ts'
import { Work } from '../kit/turns.ts'
import { elementTexts as elementTextsOf } from './elements.ts'
import { readKey, readLimit } from './input.ts'
import { linesOf } from './lines.ts'

/** A request with as much of everything as anybody wants. */
const bearer: Bearer = { received: 1e9, reserve() {}, release() {}, work: () => new Work() }
const elementTexts = (text: string) => elementTextsOf(text, 1e9, bearer)

const space = fc.constantFrom('', ' ', '\n', '\t ', ' \r\n')

test('the texts of the elements are those that an array was put together from', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(space, fc.json(), space)), space, async (parts, inner) => {
      const text = `[${parts.length === 0 ? inner : parts.map((part) => part.join('')).join(',')}]`
      assert.equal(
        await elementTexts(text),
        parts.map(([, json]) => json.trim()),
      )
    }),
    { numRuns: 2000 },
  )
})

test('the texts of the elements, parsed, are the elements', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.jsonValue()), fc.nat(4), async (values, indent) => {
      const text = JSON.stringify(values, null, indent)
      assert.equal(
        (await elementTexts(text)).map((element) => JSON.parse(element)),
        JSON.parse(text),
      )
    }),
    { numRuns: 2000 },
  )
})

test('what is no JSON array is refused, and what is one is not', async () => {
  const texts = fc.oneof(fc.json(), mutated(fc.array(fc.json(), { maxLength: 5 }).map((parts) => `[${parts.join(',')}]`)))
  await fc.assert(
    fc.asyncProperty(texts, async (given) => {
      const text = `[${given.trim().replace(/^\[/, '')}`
      const status = await elementTexts(text).then(
        () => 200,
        (error) => error.status,
      )
      let expected = 200
      try {
        JSON.parse(text)
      } catch {
        expected = 400
      }
      assert.is(status, expected, text)
    }),
    { numRuns: 2000 },
  )
})

async function collect(pieces: Buffer[], limit: number): Promise<{ number: number; bytes: Buffer | undefined }[]> {
  async function* source() {
    yield* pieces
  }
  const found = []
  for await (const lines of linesOf(source(), { lines: 1e9, lineBytes: limit })) found.push(...lines)
  return found
}

test('lines are the same wherever a stream is cut into pieces', async () => {
  const text = fc.array(fc.string({ unit: fc.constantFrom('a', 'ü', '\n', '{', '\0'), maxLength: 12 })).map((parts) => parts.join('\n'))
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(200)), fc.integer({ min: 1, max: 12 }), async (whole, cuts, limit) => {
      const bytes = Buffer.from(whole)
      const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
      const pieces = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
      const expected = whole.split('\n')
      if (expected.at(-1) === '') expected.pop()
      assert.equal(
        (await collect(pieces, limit)).map(({ number, bytes }) => [number, bytes?.toString()]),
        expected.flatMap((line, index) => (line === '' ? [] : [[index + 1, Buffer.byteLength(line) > limit ? undefined : line]])),
      )
    }),
    { numRuns: 1000 },
  )
})

test('whoever takes lines gets to pause after each piece, also where none ends in it', async () => {
  async function* source() {
    for (let piece = 0; piece < 5; piece++) yield Buffer.from('\n'.repeat(1000))
  }
  const found = []
  for await (const lines of linesOf(source(), { lines: 1e9, lineBytes: 10 })) found.push(lines)
  assert.equal(found, [[], [], [], [], []])
})

test('a limit or a key is taken or refused with a 400, whatever it is', () => {
  const judge = (read: () => unknown) => {
    try {
      return read()
    } catch (error) {
      assert.is((error as { status?: number }).status, 400)
      return undefined
    }
  }
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String)), (text) => {
      const limit = judge(() => readLimit(new URLSearchParams({ limit: text })))
      assert.ok(limit === undefined || (Number(limit) >= 1 && Number(limit) <= 1000 && Number(limit) === Number(text)))
      const key = judge(() => readKey(text))
      assert.ok(key === undefined || key === text)
    }),
    { numRuns: 2000 },
  )
})

test.run()
