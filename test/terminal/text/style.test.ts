import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { createStyle, wantsColor, wantsLive } from '../../../src/terminal/text/style.ts'

const tty = { isTTY: true }
const pipe = {}

test('a style that is on paints, one that is off leaves the text alone', () => {
  assert.is(createStyle(true).red('no'), '\u001b[31mno\u001b[39m')
  assert.is(createStyle(true).bold(''), '')
  assert.is(createStyle(false).red('no'), 'no')
})

test('colour: the flag wins over FORCE_COLOR, that over NO_COLOR, that over the terminal', () => {
  assert.is(wantsColor(tty, {}), true)
  assert.is(wantsColor(pipe, {}), false)
  assert.is(wantsColor(tty, { TERM: 'dumb' }), false)
  assert.is(wantsColor(tty, { NO_COLOR: '1' }), false)
  assert.is(wantsColor(tty, { NO_COLOR: '' }), true)
  assert.is(wantsColor(pipe, { FORCE_COLOR: '1', NO_COLOR: '1' }), true)
  assert.is(wantsColor(tty, { FORCE_COLOR: '0' }), false)
  assert.is(wantsColor(tty, { FORCE_COLOR: '1' }, false), false)
})

test('only a terminal that a person watches is repainted', () => {
  assert.is(wantsLive(tty, {}), true)
  assert.is(wantsLive(tty, { CI: 'false' }), true)
  assert.is(wantsLive(tty, { CI: 'true' }), false)
  assert.is(wantsLive(tty, { TERM: 'dumb' }), false)
  assert.is(wantsLive(pipe, {}), false)
})

test.run()
