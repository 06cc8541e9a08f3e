import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { elementTexts } from './array.ts'
import { readKey, readLimit } from './input.ts'
import { linesOf } from './lines.ts'

const space = fc.constantFrom('', ' ', '\n', '\t ', ' \r\n')

test('the texts of the elements are those that an array was put together from', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(space, fc.json(), space)), space, (parts, inner) => {
      const text = `[${parts.length === 0 ? inner : parts.map((part) => part.join('')).join(',')}]`
      assert.equal(
        elementTexts(text),
        parts.map(([, json]) => json.trim()),
      )
    }),
    { numRuns: 2000 },
  )
})

test('the texts of the elements, parsed, are the elements', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.nat(4), (values, indent) => {
      const text = JSON.stringify(values, null, indent)
      assert.equal(
        elementTexts(text).map((element) => JSON.parse(element)),
        JSON.parse(text),
      )
    }),
    { numRuns: 2000 },
  )
})

async function collect(pieces: Buffer[], limit: number): Promise<{ number: number; bytes: Buffer | undefined }[]> {
  async function* source() {
    yield* pieces
  }
  const found = []
  for await (const lines of linesOf(source(), limit)) found.push(...lines)
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
        expected.map((line, index) => [index + 1, Buffer.byteLength(line) > limit ? undefined : line]),
      )
    }),
    { numRuns: 1000 },
  )
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
