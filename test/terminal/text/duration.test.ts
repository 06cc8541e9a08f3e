import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { duration } from '../../../src/terminal/text/duration.ts'

test('seconds are written as people read them, and rounding never shows sixty', () => {
  const shown = [0, 0.04, 0.84, 9.94, 9.96, 59.4, 59.6, 72, 3599.7, 7500, -1].map(duration)
  assert.equal(shown, ['0.0 s', '0.0 s', '0.8 s', '9.9 s', '10 s', '59 s', '1 m 0 s', '1 m 12 s', '1 h 0 m', '2 h 5 m', '0.0 s'])
})

test.run()
