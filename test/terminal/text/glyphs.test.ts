import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { glyphsFor } from '../../../src/terminal/text/glyphs.ts'

test('a UTF-8 locale gets signs, every other one gets ASCII', () => {
  assert.is(glyphsFor({ LANG: 'en_US.UTF-8' }).done, '✔')
  assert.is(glyphsFor({ LC_ALL: 'C', LANG: 'en_US.UTF-8' }).done, 'v')
  assert.is(glyphsFor({ LC_CTYPE: 'C.utf8' }).failed, '✖')
  assert.is(glyphsFor({}).ellipsis, '...')
})

test('a console without the font gets ASCII whatever the locale says', () => {
  assert.is(glyphsFor({ LANG: 'C.UTF-8', TERM: 'linux' }).done, 'v')
  assert.is(glyphsFor({ LANG: 'C.UTF-8', TERM: 'dumb' }).bar, '#')
})

test.run()
