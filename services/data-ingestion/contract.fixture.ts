import type { Test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Append, ClaimConflictError, claimSeconds, type Store, type StoredRecord } from './store.ts'

const start = Math.floor(Date.now() / 1000)

/** One record to be kept; its time tells records apart as well. */
export function append(number: number, more: Partial<Append> = {}): Append {
  return { texts: [`{"number":${number}}`], timestamp: start + number / 4, sourceIp: '192.0.2.1', ...more }
}

/** The records of a page. SQLite's rows have no prototype; nobody but a test minds. */
export async function recordsOf(store: Store, limit: number, before?: number): Promise<StoredRecord[]> {
  const found: StoredRecord[] = []
  for await (const record of (await store.page(limit, before))!.records) found.push({ ...record })
  return found
}

/** How a record comes out that went in like this. */
export function stored(id: number, { texts: [data], timestamp, sourceIp }: Append): StoredRecord {
  return { id, data: data!, timestamp, sourceIp }
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
    assert.equal(await first.append(one), { first: 1, count: 1, timestamp: one.timestamp, repeated: false })
    assert.equal({ ...(await first.get(1)) }, stored(1, one))
    for (const id of [0, 2, Number.MAX_SAFE_INTEGER]) assert.is(await first.get(id), undefined)
    await first.close()
    const second = await open()
    assert.equal({ ...(await second.get(1)) }, stored(1, one))
    assert.is((await second.page(1))?.total, 1)
    assert.is((await second.append(append(2))).first, 2)
    assert.is(await second.trouble(), undefined)
    await second.close()
  })

  test(
    'a dry run leaves nothing, not even a gap in the ids, whatever it comes together with',
    using(async (store) => {
      const dry = append(1, { dryRun: true })
      assert.is((await store.append(dry)).first, 1)
      const both = append(2, { texts: ['{"a":1}', '{"b":2}'], dryRun: true })
      const [one, , two] = await Promise.all([store.append(append(3)), store.append(both), store.append(append(4))])
      assert.equal([one.first, two.first], [1, 2])
      assert.equal(await recordsOf(store, 10), [stored(2, append(4)), stored(1, append(3))])
      assert.is((await store.page(1))?.total, 2)
    }),
  )

  test(
    'pages go from the newest to the oldest, and each begins before a record',
    using(async (store) => {
      const all: Append[] = []
      for (let number = 0; number < 25; number++) all.push(append(number))
      await Promise.all(all.map((one) => store.append(one)))
      const newestFirst = all.map((one, index) => stored(index + 1, one)).reverse()
      assert.equal(await recordsOf(store, 3), newestFirst.slice(0, 3))
      assert.equal(await recordsOf(store, 1000), newestFirst)
      assert.equal(await recordsOf(store, 12, newestFirst[2]!.id), newestFirst.slice(3, 15))
      assert.equal(await recordsOf(store, 10, newestFirst[24]!.id), [])
      const more = async (limit: number, before?: number) => (await store.page(limit, before))?.more
      assert.equal(
        [await more(24), await more(25), await more(14, newestFirst[10]!.id), await more(13, newestFirst[10]!.id)],
        [true, false, false, true],
      )
      assert.is(await store.page(1, 26), undefined)
      assert.is(await store.page(1, Number.MAX_SAFE_INTEGER), undefined)
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
      const kept = await store.append({ texts: data, timestamp: 1, sourceIp: '::1' })
      assert.equal([kept.first, kept.count], [1, 3])
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
      const two = () => append(1, { claim, texts: ['{"a":1}', '{"a":2}'] })
      const first = two()
      const outcomes = await Promise.all([store.append(first), store.append(two()), store.append(append(2))])
      const again = await store.append({ ...two(), timestamp: 2 })
      for (const [index, outcome] of [...outcomes.slice(0, 2), again].entries()) {
        assert.equal(outcome, { first: 1, count: 2, timestamp: first.timestamp, repeated: index > 0 })
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
    'ids grow by one in the order of what is kept, without a gap where something was refused',
    using(async (store) => {
      await store.append(append(1, { claim: { key: 'k', fingerprint: 'one' } }))
      const refused = append(2, { claim: { key: 'k', fingerprint: 'two' }, texts: ['{}', '{}'] })
      const outcomes = await Promise.allSettled([
        store.append(append(3)),
        store.append(refused),
        store.append(append(4, { texts: ['{}', '{}'] })),
      ])
      assert.equal(
        outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.first : undefined)),
        [2, undefined, 3],
      )
      assert.equal(
        (await recordsOf(store, 9)).map(({ id }) => id),
        [4, 3, 2, 1],
      )
    }),
  )

  test(
    'more than a group holds is kept in several',
    using(async (store) => {
      const large = 'x'.repeat(1_000_000)
      const appends = Array.from({ length: 30 }, (_, number) => append(number, number % 2 ? {} : { texts: [large] }))
      const many = append(31, {
        texts: Array.from({ length: 2500 }, (_, number) => `{"number":${number}}`),
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
