import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { refuseOtherAccount } from '../../../src/release/stage/stage.ts'
import type { Failure } from '../../../src/report/failure.ts'
import { createTestCloud, errorOf } from '../../support/cloud.ts'

const cloud = await createTestCloud()
test.after(cloud.end)
const id = { app: 'shop', stage: 'prod' }

test('credentials of another account than the config names are refused with exit code 3', async () => {
  const { message, code, details } = (await errorOf(refuseOtherAccount(cloud.clients, { ...id, account: '123456789012' }))) as Failure
  assert.is(message, 'These credentials are of account 000000000000, and the stage is in 123456789012. Nothing was changed.')
  assert.equal([code, details.likely], [3, 'They belong to arn:aws:iam::000000000000:root: another profile, or another shell, is in use.'])
})

test('those of the account, and any where none is named, are let pass', async () => {
  await refuseOtherAccount(cloud.clients, { ...id, account: '000000000000' })
  await refuseOtherAccount(cloud.clients, id)
})

test.run()
