import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readErrand, writeErrand } from '../../src/secrets-agent/secret-request.ts'

const errand = { container: 'data-store', name: 'API_KEY.v2', uid: 1000, parameter: '/shop/prod/secrets/API_KEY.v2' }

test('an errand is one word of a command line, and is read back from it', () => {
  const word = writeErrand(errand)
  assert.is(word, 'data-store/API_KEY.v2:1000=/shop/prod/secrets/API_KEY.v2')
  assert.equal(readErrand(word), errand)
})

test('words that are no errand, or that would leave the folder, are refused', () => {
  for (const word of ['', 'web', 'web/A:0', 'web/A:root=/p', 'web/A:1=p', '../web/A:1=/p', 'web/../A:1=/p', 'web/a/b:1=/p', 'WEB/A:1=/p'])
    assert.throws(() => readErrand(word), `not CONTAINER/NAME:UID=PARAMETER: ${word}`, word)
})

test.run()
