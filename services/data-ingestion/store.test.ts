import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { openStore, type StoredRecord, StoreFullError } from './store.ts'

let folder: string

test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-test-'))
})

test.after.each(() => rmSync(folder, { recursive: true, force: true }))

function record(number: number, data = `{"number":${number}}`): StoredRecord {
  return { id: `id-${number}`, data, timestamp: 1700000000 + number / 4, sourceIp: '192.0.2.1' }
}

test('what is kept is read again by its id, also after closing and opening', async () => {
  const first = openStore(join(folder, 'new', 'deep'))
  await first.add(record(1))
  assert.equal(first.get('id-1'), record(1))
  assert.is(first.get('id-2'), undefined)
  first.close()
  const second = openStore(join(folder, 'new', 'deep'))
  assert.equal(second.get('id-1'), record(1))
  assert.is(second.count(), 1)
  second.close()
})

test('the newest come first, as many as are asked for', async () => {
  const store = openStore(folder)
  await Promise.all([1, 2, 3, 4, 5].map((number) => store.add(record(number))))
  assert.equal([...store.newest(3)], [record(5), record(4), record(3)])
  assert.is([...store.newest(100)].length, 5)
  assert.is(store.count(), 5)
  store.close()
})

test('records that wait at the close are kept', async () => {
  const store = openStore(folder)
  const added = store.add(record(1))
  store.close()
  await added
  const again = openStore(folder)
  assert.is(again.count(), 1)
  again.close()
})

test('a second record with the same id is refused, and nothing that came with it is kept', async () => {
  const store = openStore(folder)
  await store.add(record(1))
  const outcomes = await Promise.allSettled([store.add(record(2)), store.add(record(1))])
  assert.equal(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.is(store.count(), 1)
  await store.add(record(3))
  assert.is(store.count(), 2)
  store.close()
})

test('without room nothing is kept, reads go on, and smaller records may still fit', async () => {
  const store = openStore(folder, { maxPages: 12 })
  await store.add(record(1))
  let error: unknown
  await store.add(record(2, `{"long":"${'x'.repeat(100_000)}"}`)).catch((thrown) => {
    error = thrown
  })
  assert.instance(error, StoreFullError)
  assert.is(store.get('id-2'), undefined)
  assert.equal(store.get('id-1'), record(1))
  await store.add(record(3))
  assert.is(store.count(), 2)
  store.close()
})

test('only the owner may read the files', async () => {
  const store = openStore(join(folder, 'own'))
  await store.add(record(1))
  assert.is(statSync(join(folder, 'own')).mode & 0o777, 0o700)
  for (const name of ['records.db', 'records.db-wal', 'records.db-shm']) {
    assert.is(statSync(join(folder, 'own', name)).mode & 0o777, 0o600, name)
  }
  store.close()
})

test('a folder that cannot be made is an error at the start', () => {
  writeFileSync(join(folder, 'file'), '')
  chmodSync(join(folder, 'file'), 0o400)
  assert.throws(() => openStore(join(folder, 'file', 'data')), /ENOTDIR|EEXIST/)
})

test.run()
