import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { bytes } from '../../src/report/bytes.ts'

test('sizes are written in the largest unit that leaves at most three digits', () => {
  const shown = [0, 812, 1000, 1_234_567, 340_000_000, 999_600, 2.5e15, 9e18].map(bytes)
  assert.equal(shown, ['0 B', '812 B', '1.0 kB', '1.2 MB', '340 MB', '1.0 MB', '2.5 PB', '9000 PB'])
})

test.run()
