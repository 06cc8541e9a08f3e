import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { settled } from '../../../src/release/plan/settled.ts'
import { errorOf } from '../../support/cloud.ts'

test('the end of every work is waited for before the first error is thrown', async () => {
  let ended = false
  const slow = async () => {
    await new Promise((resolve) => setTimeout(resolve, 10))
    ended = true
  }
  assert.is((await errorOf(settled([Promise.reject(new Error('early')), slow()]))).message, 'early')
  assert.ok(ended)
  assert.equal(await settled([Promise.resolve(1), Promise.resolve(2)]), [1, 2])
})

test.run()
