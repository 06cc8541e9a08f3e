import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { currentOf, history, type LedgerEntry, readLedger, runningOn, settle, writeEntry } from '../../../src/release/state/ledger.ts'
import { createTestCloud } from '../../support/cloud.ts'

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

/** The address leads to the machine that a release made. */
const to = (madeBy: number, id = `i-${madeBy}`) => ({ instance: { id }, madeBy })

test('a stage without a release has an empty ledger', async () => {
  assert.equal(await readLedger(clients, id), { last: undefined, entries: [] })
  assert.equal(await history(clients, id), [])
})

test('the history is the newest first, and a failed run does not hide what serves', async () => {
  const entries = [entry(1, 'provisioned'), entry(2, 'serving'), { ...entry(3, 'failed'), error: 'out of luck' }] as const
  for (const each of entries) await writeEntry(clients, id, each)
  assert.equal(await history(clients, id), [...entries].reverse())
  const { last, entries: found } = await readLedger(clients, id)
  assert.equal([last, currentOf(found, to(2))], [entries[2], entries[1]])
})

test('a release of seventy services fits into the ledger', async () => {
  const images = Object.fromEntries(
    Array.from({ length: 70 }, (_, number) => [`service-with-a-name-${number}`, `sha256:${'a'.repeat(64)}`]),
  )
  const large = { ...entry(4, 'serving'), images }
  await writeEntry(clients, id, large)
  assert.equal((await readLedger(clients, id)).entries, [large])
})

test('of a run that was killed while the address moved, where the address leads tells how it ended', async () => {
  const moving = entry(5, 'promoting')
  await writeEntry(clients, id, moving)
  const { entries } = await readLedger(clients, id)
  assert.equal(currentOf(entries, to(5)), { ...moving, outcome: 'serving' })
  assert.is(currentOf(entries, to(4))?.release, 4)
  assert.is(settle(entries, to(4))[0]?.outcome, 'failed')
  assert.match(settle(entries, to(4))[0]!.error!, 'ended while its address moved')
})

test('the ledger says what runs on a machine, which an earlier release may have made', () => {
  const on = (release: number, id: string, outcome: LedgerEntry['outcome'] = 'serving') => ({
    ...entry(release, outcome),
    machine: { id, imageId: 'ami-1' },
  })
  const entries = [entry(7, 'failed'), on(6, 'i-6'), on(5, 'i-4'), on(4, 'i-4'), entry(3, 'serving')]
  assert.is(runningOn(entries, to(4)), 5)
  assert.is(runningOn(entries, to(6)), 6)
  // An entry of old names no machine: it is of the one that its release made.
  assert.is(runningOn(entries, to(3)), 3)
  assert.is(runningOn(entries, to(9)), 9)
  assert.is(runningOn([], to(4)), 4)
})

test('a promotion that was cut off has succeeded where the address leads to its machine, whoever made that', () => {
  const moving = { ...entry(5, 'promoting'), machine: { id: 'i-4', imageId: 'ami-1' } }
  assert.is(settle([moving], to(4))[0]!.outcome, 'serving')
  assert.is(runningOn([moving], to(4)), 5)
  assert.is(settle([moving], to(3))[0]!.outcome, 'failed')
  assert.is(settle([moving], undefined)[0]!.outcome, 'failed')
})

test('what is written of a release later takes the place of what was written before', async () => {
  await writeEntry(clients, id, entry(5, 'serving'))
  assert.equal(
    (await history(clients, id)).map(({ release, outcome }) => `${release} ${outcome}`),
    ['5 serving', '4 serving', '3 failed', '2 serving', '1 provisioned'],
  )
})

test('stages do not see each other', async () => {
  assert.equal(await history(clients, { ...id, stage: 'pro' }), [])
})

test.run()
