import { randomUUID } from 'node:crypto'
import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Append, ClaimConflictError, claimSeconds, type Store, type StoredRecord } from './store.ts'

const start = Math.floor(Date.now() / 1000)

/** One record to be kept; its time tells records apart as well. */
export function append(number: number, more: Partial<Append> = {}): Append {
  const records = [{ id: randomUUID(), data: `{"number":${number}}` }]
  return { records, timestamp: start + number / 4, sourceIp: '192.0.2.1', ...more }
}

/** The records of a page. SQLite's rows have no prototype; nobody but a test minds. */
export async function recordsOf(store: Store, limit: number, before?: string): Promise<StoredRecord[]> {
  const found: StoredRecord[] = []
  for await (const record of (await store.page(limit, before))!.records) found.push({ ...record })
  return found
}

/** How a record comes out that went in like this. */
export function stored({ records: [record], timestamp, sourceIp }: Append): StoredRecord {
  return { ...record!, timestamp, sourceIp }
}

/**
 * What every store has to do.
 *
 * @param open opens an empty store, and the same one again once it has been closed
 */
export function contract(test: Test, open: () => Promise<Store>): void {
  /** Runs `work` with an empty store. */
  const using = (work: (store: Store) => Promise<void>) => async () => {
    const store = await open()
    try {
      await work(store)
    } finally {
      await store.close()
    }
  }

  test('what is kept is read again by its id, also after closing and opening', async () => {
    const first = await open()
    const one = append(1)
    const { id } = one.records[0]!
    assert.equal(await first.append(one), { ids: [id], timestamp: one.timestamp, repeated: false })
    assert.equal({ ...(await first.get(id)) }, stored(one))
    assert.is(await first.get(randomUUID()), undefined)
    assert.is(await first.get('no id at all'), undefined)
    await first.close()
    const second = await open()
    assert.equal({ ...(await second.get(id)) }, stored(one))
    assert.is((await second.page(1))?.total, 1)
    assert.is(await second.trouble(), undefined)
    await second.close()
  })

  test(
    'pages go from the newest to the oldest, and each begins before a record',
    using(async (store) => {
      const all: Append[] = []
      for (let number = 0; number < 25; number++) all.push(append(number))
      await Promise.all(all.map((one) => store.append(one)))
      const newestFirst = all.map(stored).reverse()
      assert.equal(await recordsOf(store, 3), newestFirst.slice(0, 3))
      assert.equal(await recordsOf(store, 1000), newestFirst)
      assert.equal(await recordsOf(store, 12, newestFirst[2]!.id), newestFirst.slice(3, 15))
      assert.equal(await recordsOf(store, 10, newestFirst[24]!.id), [])
      const more = async (limit: number, before?: string) => (await store.page(limit, before))?.more
      assert.equal(
        [await more(24), await more(25), await more(14, newestFirst[10]!.id), await more(13, newestFirst[10]!.id)],
        [true, false, false, true],
      )
      assert.is(await store.page(1, randomUUID()), undefined)
      assert.is(await store.page(1, 'no id at all'), undefined)
    }),
  )

  test(
    'what is kept together is kept in its order, and data comes back to the byte',
    using(async (store) => {
      const data = [
        '{"large":12345678901234567890.10}',
        '{"text":"ü\\u0000\\ud800"}',
        ` {"deep":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
      ]
      const records = data.map((text) => ({ id: randomUUID(), data: text }))
      const kept = await store.append({ records, timestamp: 1, sourceIp: '::1' })
      assert.equal(
        kept.ids,
        records.map(({ id }) => id),
      )
      assert.equal(
        (await recordsOf(store, 3)).map((record) => record.data),
        data.toReversed(),
      )
    }),
  )

  test(
    'the same claim keeps once and gives the same ids, one after the other and both at once',
    using(async (store) => {
      const claim = { key: 'order-7', fingerprint: 'f' }
      const two = () => append(1, { claim, records: [1, 2].map((number) => ({ id: randomUUID(), data: `{"a":${number}}` })) })
      const first = two()
      const outcomes = await Promise.all([store.append(first), store.append(two()), store.append(append(2))])
      const again = await store.append({ ...two(), timestamp: 2 })
      for (const [index, outcome] of [...outcomes.slice(0, 2), again].entries()) {
        assert.equal(outcome, { ids: first.records.map(({ id }) => id), timestamp: first.timestamp, repeated: index > 0 })
      }
      assert.is((await store.page(1))?.total, 3)
    }),
  )

  test(
    'a claim for other data is refused, and what came with it is kept',
    using(async (store) => {
      await store.append(append(1, { claim: { key: 'k', fingerprint: 'one' } }))
      const [refused, kept] = await Promise.allSettled([
        store.append(append(2, { claim: { key: 'k', fingerprint: 'two' } })),
        store.append(append(3, { claim: { key: 'l', fingerprint: 'two' } })),
      ])
      assert.instance((refused as PromiseRejectedResult).reason, ClaimConflictError)
      assert.is(kept.status, 'fulfilled')
      assert.is((await store.page(1))?.total, 2)
    }),
  )

  test(
    'a claim older than a day is forgotten in time',
    using(async (store) => {
      const claim = { key: 'k', fingerprint: 'f' }
      // The first group of a store that was just opened looks for old claims, and its own is one.
      await store.append(append(1, { claim, timestamp: start - claimSeconds - 60 }))
      assert.is((await store.append(append(2, { claim }))).repeated, false)
      assert.is((await store.append(append(3, { claim }))).repeated, true)
    }),
  )

  test(
    'an id that is there already refuses all that it came with, and nothing else',
    using(async (store) => {
      const one = append(1)
      await store.append(one)
      const pair = append(2, { records: [{ id: randomUUID(), data: '{}' }, one.records[0]!] })
      const outcomes = await Promise.allSettled([store.append(append(3)), store.append(pair), store.append(append(4))])
      assert.equal(
        outcomes.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      )
      assert.is((await store.page(1))?.total, 3)
      assert.is((await recordsOf(store, 9)).length, 3)
    }),
  )

  test(
    'more than a group holds is kept in several',
    using(async (store) => {
      const large = 'x'.repeat(1_000_000)
      const appends = Array.from({ length: 30 }, (_, number) =>
        append(number, number % 2 ? {} : { records: [{ id: randomUUID(), data: large }] }),
      )
      const many = append(31, {
        records: Array.from({ length: 2500 }, (_, number) => ({ id: randomUUID(), data: `{"number":${number}}` })),
      })
      await Promise.all([...appends, many].map((one) => store.append(one)))
      assert.is((await store.page(1))?.total, 2530)
      const [newest] = await recordsOf(store, 1)
      assert.is(newest?.data, '{"number":2499}')
    }),
  )

  test('what waits at the close is kept', async () => {
    const store = await open()
    const added = Promise.all([store.append(append(1)), store.append(append(2))])
    await store.close()
    await added
    const again = await open()
    assert.is((await again.page(1))?.total, 2)
    await again.close()
  })
}
