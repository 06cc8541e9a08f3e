import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { quote } from '../../src/report/quote.ts'

test('a word is left as it is where the shell takes it so, and quoted where not', () => {
  assert.equal(['/a/b:8001=x,y@z%+.-_', '', 'a b', "it's", '#no', '~'].map(quote), [
    '/a/b:8001=x,y@z%+.-_',
    "''",
    "'a b'",
    "'it'\\''s'",
    "'#no'",
    "'~'",
  ])
})

test.run()
