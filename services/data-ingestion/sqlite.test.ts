import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { append, contract, recordsOf, stored } from './contract.fixture.ts'
import { openSqlite } from './sqlite.ts'
import { StoreFullError } from './store.ts'

let folder: string

test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-test-'))
})

test.after.each(() => rmSync(folder, { recursive: true, force: true }))

contract(test, async () => openSqlite(join(folder, 'new', 'deep')))

test('without room nothing is kept, reads go on, and smaller records may still fit, also when they come together', async () => {
  const store = openSqlite(folder, { maxPages: 20 })
  const first = append(1)
  await store.append(first)
  const large = append(2, { texts: [`{"long":"${'x'.repeat(100_000)}"}`] })
  const [small, refused, other] = await Promise.allSettled([store.append(append(3)), store.append(large), store.append(append(4))])
  assert.instance((refused as PromiseRejectedResult).reason, StoreFullError)
  assert.equal([small.status, other.status], ['fulfilled', 'fulfilled'])
  assert.equal({ ...(await store.get(1)) }, stored(1, first))
  assert.is((await store.append(append(5))).first, 4)
  assert.ok((await recordsOf(store, 10)).every(({ data }) => data.length < 100))
  assert.is((await store.page(1))?.total, 4)
  await store.close()
})

test('a store of the first release is taken over as it is', async () => {
  const database = new DatabaseSync(join(folder, 'records.db'))
  database.exec(`
    CREATE TABLE record (
      number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, data TEXT NOT NULL, timestamp REAL NOT NULL, source_ip TEXT NOT NULL
    ) STRICT;
    INSERT INTO record (id, data, timestamp, source_ip) VALUES ('old', '{"a":1}', 5, '::1')`)
  database.close()
  const store = openSqlite(folder)
  const one = append(1, { claim: { key: 'k', fingerprint: 'f' } })
  await store.append(one)
  assert.equal(await recordsOf(store, 10), [stored(2, one), { id: 1, data: '{"a":1}', timestamp: 5, sourceIp: '::1' }])
  await store.close()
})

test('only the owner may read the files', async () => {
  const store = openSqlite(join(folder, 'own'))
  await store.append(append(1))
  assert.is(statSync(join(folder, 'own')).mode & 0o777, 0o700)
  for (const name of ['records.db', 'records.db-wal', 'records.db-shm']) {
    assert.is(statSync(join(folder, 'own', name)).mode & 0o777, 0o600, name)
  }
  await store.close()
})

test('a folder that cannot be made is an error at the start', () => {
  writeFileSync(join(folder, 'file'), '')
  chmodSync(join(folder, 'file'), 0o400)
  assert.throws(() => openSqlite(join(folder, 'file', 'data')), /ENOTDIR|EEXIST/)
})

test.run()
