import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { cut, oneLine, pad, plainText, textWidth } from '../../../src/terminal/text/width.ts'

test('escape codes and control characters of other machines do not reach the screen', () => {
  assert.is(plainText('a\u001b[2Jb\u0007\rc\td\n'), 'abc  d\n')
  assert.is(oneLine(' one \n  two\n'), 'one two')
})

test('East Asian characters and emoji take two columns, combined ones count once, colours not at all', () => {
  assert.is(textWidth('日本'), 4)
  assert.is(textWidth('👩‍💻'), 2)
  assert.is(textWidth('e\u0301'), 1)
  assert.is(textWidth('\u001b[31mred\u001b[39m'), 3)
})

test('a text is cut to the width, ellipsis included', () => {
  assert.is(cut('subnet', 6, '…'), 'subnet')
  assert.is(cut('subnets', 6, '…'), 'subne…')
  assert.is(cut('two words', 5, '…'), 'two…')
  assert.is(cut('日本語', 4, '…'), '日…')
  assert.is(cut('subnet', 2, '...'), '..')
})

test('a text is filled up at its end, a number at its start', () => {
  assert.is(pad('ab', 4), 'ab  ')
  assert.is(pad('日', 4, 'right'), '  日')
  assert.is(pad('abcde', 4), 'abcde')
})

test.run()
