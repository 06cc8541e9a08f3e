import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readSecretRequest, writeSecretRequest } from '../../src/secrets-agent/secret-request.ts'

const request = { container: 'data-store', name: 'API_KEY.v2', uid: 1000, parameter: '/shop/prod/secrets/API_KEY.v2' }

test('a secret request is one word of a command line, and is read back from it', () => {
  const word = writeSecretRequest(request)
  assert.is(word, 'data-store/API_KEY.v2:1000=/shop/prod/secrets/API_KEY.v2')
  assert.equal(readSecretRequest(word), request)
})

test('words that are no secret request, or that would leave the folder, are refused', () => {
  for (const word of ['', 'web', 'web/A:0', 'web/A:root=/p', 'web/A:1=p', '../web/A:1=/p', 'web/../A:1=/p', 'web/a/b:1=/p', 'WEB/A:1=/p'])
    assert.throws(() => readSecretRequest(word), `not CONTAINER/NAME:UID=PARAMETER: ${word}`, word)
})

test.run()
