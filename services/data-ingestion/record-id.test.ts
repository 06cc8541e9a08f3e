import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { recordId } from './record-id.ts'

test('an id is a UUID of version 7 that begins with its time', () => {
  const id = recordId(0x0123456789ab)
  assert.match(id, /^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  const before = Date.now()
  const [high, low] = recordId().split('-')
  const made = Number.parseInt(`${high}${low}`, 16)
  assert.ok(made >= before && made <= Date.now())
})

test('ids of one moment differ, and ids of two are in their order', () => {
  assert.is(new Set(Array.from({ length: 10_000 }, () => recordId(5))).size, 10_000)
  assert.ok(recordId(1000) < recordId(1001))
})

test.run()
