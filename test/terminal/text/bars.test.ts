import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { renderBars } from '../../../src/terminal/text/bars.ts'

test('bars stand on one time axis in the order of their start', () => {
  const bars = [
    { label: 'create', start: 1, seconds: 3 },
    { label: 'look', start: 0, seconds: 1 },
    { label: 'promote', start: 4, seconds: 0.01 },
  ]
  assert.is(
    renderBars(bars, { width: 40, bar: '#' }),
    [
      'look     ######                    1.0 s',
      'create         ##################  3.0 s',
      'promote                         #  0.0 s',
    ].join('\n'),
  )
})

test('no bars are no lines, and work that took no time is still drawn', () => {
  assert.is(renderBars([]), '')
  assert.is(renderBars([{ label: 'a', start: 0, seconds: 0 }], { width: 20, paint: (bar) => `<${bar}>` }), 'a  <█>           0.0 s')
})

test.run()
