import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { history, type LedgerEntry, readLedger, writeEntry } from '../../src/release/ledger.ts'
import { createTestCloud } from '../aws/cloud.fixture.ts'

const cloud = await createTestCloud()
const { clients } = cloud
test.after(cloud.end)

const id = { app: 'shop', stage: 'prod' }
const entry = (release: number, outcome: LedgerEntry['outcome']): LedgerEntry => ({
  release,
  outcome,
  at: `2026-01-0${release}T00:00:00.000Z`,
  by: 'ann@laptop',
  images: {},
  missing: [],
  seconds: { create: 1.5 },
})

test('a stage without a release has an empty ledger', async () => {
  assert.equal(await readLedger(clients, id), { last: undefined, current: undefined })
  assert.equal(await history(clients, id), [])
})

test('the history is the newest first, and a failed run does not hide what serves', async () => {
  const entries = [entry(1, 'provisioned'), entry(2, 'serving'), { ...entry(3, 'failed'), error: 'out of luck' }] as const
  for (const each of entries) await writeEntry(clients, id, each)
  assert.equal(await history(clients, id), [...entries].reverse())
  assert.equal(await readLedger(clients, id), { last: entries[2], current: entries[1] })
})

test('a release of seventy services fits into the ledger', async () => {
  const images = Object.fromEntries(
    Array.from({ length: 70 }, (_, number) => [`service-with-a-name-${number}`, `sha256:${'a'.repeat(64)}`]),
  )
  const large = { ...entry(4, 'serving'), images }
  await writeEntry(clients, id, large)
  assert.equal((await readLedger(clients, id)).current, large)
})

test('stages do not see each other', async () => {
  assert.equal(await history(clients, { ...id, stage: 'pro' }), [])
})

test.run()
