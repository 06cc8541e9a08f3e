import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ApiError } from '../../src/local/cloud.ts'
import { takeLock } from '../../src/local/process/lock.ts'
import { createStore } from '../../src/local/store.ts'

const folder = mkdtempSync(path.join(tmpdir(), 'store-'))
const file = (name: string) => path.join(folder, name)
const room = path.join(import.meta.dirname, '../../src/local')
const vpc = (VpcId: string, CidrBlock = '10.0.0.0/16') => ({
  VpcId,
  CidrBlock,
  EnableDnsSupport: true,
  EnableDnsHostnames: false,
  Tags: [],
})

test.after(() => rmSync(folder, { recursive: true, force: true }))

/** A process of its own that runs this code; killed when the test is done with it. */
function run(code: string) {
  return spawn(process.execPath, ['--input-type=module', '--disable-warning=ExperimentalWarning', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

test('records come back as they were put, in the order of their first put', () => {
  const store = createStore(file('order.db'))
  for (const id of ['vpc-b', 'vpc-a', 'vpc-c']) store.put('vpc', id, vpc(id))
  store.put('vpc', 'vpc-b', vpc('vpc-b', '10.9.0.0/16'))
  store.delete('vpc', 'vpc-a')
  assert.equal(
    store.list('vpc').map(({ VpcId, CidrBlock }) => [VpcId, CidrBlock]),
    [
      ['vpc-b', '10.9.0.0/16'],
      ['vpc-c', '10.0.0.0/16'],
    ],
  )
  assert.is(store.get('vpc', 'vpc-a'), undefined)
  assert.is(store.get('subnet', 'vpc-b'), undefined, 'ids are of their kind')
  store.close()
  const again = createStore(file('order.db'))
  assert.is(again.list('vpc').length, 2)
  again.close()
  again.close()
})

test('a region sees its own records and those that all share, and names do not meet', () => {
  const store = createStore(file('regions.db'))
  const [here, there] = [store.in('eu-west-1'), store.in('us-east-1')]
  here.put('deletedParameter', '/a', { Name: '/a', DeletedAt: 1 })
  there.put('deletedParameter', '/a', { Name: '/a', DeletedAt: 2 })
  here.put('vpc', 'vpc-1', vpc('vpc-1'))
  there.put('sequence', 'place', { next: 7 })
  assert.equal(
    [here, there].map((each) => each.get('deletedParameter', '/a')?.DeletedAt),
    [1, 2],
  )
  assert.equal(
    [here, there].map((each) => each.list('vpc').length),
    [1, 0],
  )
  assert.equal(here.get('sequence', 'place'), { next: 7 })
  there.delete('deletedParameter', '/a')
  assert.equal(
    [here, there].map((each) => each.list('deletedParameter').length),
    [1, 0],
  )
  // What is changed from above the regions stays where it was.
  here.everywhere.put('vpc', 'vpc-1', vpc('vpc-1', '10.9.0.0/16'))
  assert.equal([here.get('vpc', 'vpc-1')?.CidrBlock, there.get('vpc', 'vpc-1')], ['10.9.0.0/16', undefined])
  assert.is(store.list('vpc').length, 1)
  store.close()
})

test('what was kept when there was one region only is of that region', () => {
  const old = new DatabaseSync(file('older.db'))
  old.exec('CREATE TABLE record (kind TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, UNIQUE (kind, id))')
  const put = old.prepare('INSERT INTO record VALUES (?, ?, ?)')
  put.run('vpc', 'vpc-1', JSON.stringify(vpc('vpc-1')))
  put.run('instance', 'i-1', JSON.stringify({ InstanceId: 'i-1' }))
  put.run('sequence', 'place', JSON.stringify({ next: 7 }))
  old.close()
  for (const _ of ['the first start', 'the next one']) {
    const store = createStore(file('older.db'), { region: 'eu-west-1' })
    const [here, there] = [store.in('eu-west-1'), store.in('us-east-1')]
    assert.equal(
      [here, there].map((each) => each.list('vpc').length),
      [1, 0],
    )
    assert.is(here.get('instance', 'i-1')?.Region, 'eu-west-1')
    assert.equal(there.get('sequence', 'place'), { next: 7 })
    store.close()
  }
})

test('a transaction is kept whole or not at all, and one inside another joins it', () => {
  const store = createStore(file('transaction.db'))
  assert.throws(() => {
    store.transaction(() => {
      store.put('vpc', 'vpc-1', vpc('vpc-1'))
      store.transaction(() => store.put('vpc', 'vpc-2', vpc('vpc-2')))
      throw new Error('changed my mind')
    })
  }, /changed my mind/)
  assert.equal(store.list('vpc'), [])
  assert.is(
    store.transaction(() => store.transaction(() => 'inner')),
    'inner',
  )
  store.put('vpc', 'vpc-3', vpc('vpc-3'))
  assert.is(store.list('vpc').length, 1)
  store.close()
})

test('a full disk is told as such, changes nothing, and what was there is still there', () => {
  const store = createStore(file('full.db'), { limit: 12 })
  store.put('vpc', 'vpc-1', vpc('vpc-1'))
  const fill = () => {
    store.transaction(() => {
      for (let index = 0; index < 1000; index++) store.put('vpc', `vpc-x${index}`, vpc('x'.repeat(200)))
    })
  }
  for (const work of [fill, () => store.put('vpc', 'vpc-big', vpc('x'.repeat(100_000)))]) {
    try {
      work()
      assert.unreachable()
    } catch (error) {
      const { code, status, message } = error as ApiError
      assert.equal([code, status], ['InsufficientStorage', 507])
      assert.match(
        message,
        /^The disk that holds .* is full\. Nothing was changed\. Free some space there, then run the same command again: df -h \//,
      )
    }
  }
  assert.equal(
    store.list('vpc').map(({ VpcId }) => VpcId),
    ['vpc-1'],
  )
  store.put('vpc', 'vpc-2', vpc('vpc-2'))
  store.close()
  const again = createStore(file('full.db'))
  assert.is(again.list('vpc').length, 2)
  again.close()
})

test('what was acknowledged survives a kill at any moment, and half a transaction does not', async () => {
  const database = file('killed.db')
  const child = run(`
    import { createStore } from ${JSON.stringify(`${room}/store.ts`)}
    const store = createStore(${JSON.stringify(database)})
    for (let index = 0; ; index++) {
      store.transaction(() => {
        store.put('vpc', 'a' + index, {})
        store.put('vpc', 'b' + index, {})
      })
      process.stdout.write(index + '\\n')
    }`)
  let told = ''
  for await (const chunk of child.stdout) {
    told += chunk
    if (told.split('\n').length > 50) child.kill('SIGKILL')
  }
  const last = Number(told.slice(0, told.lastIndexOf('\n')).split('\n').at(-1))
  const store = createStore(database)
  const count = store.list('vpc').length
  assert.ok(store.get('vpc', `a${last}`) && store.get('vpc', `b${last}`), `the transaction ${last} that was acknowledged`)
  assert.is(count % 2, 0)
  store.close()
})

test('a lock is for one process, and ends with it', async () => {
  const lock = file('lock')
  const code = `
    import { takeLock } from ${JSON.stringify(`${room}/process/lock.ts`)}
    globalThis.lock = takeLock(${JSON.stringify(lock)})
    console.log(globalThis.lock ? 'mine' : 'taken')
    setInterval(() => {}, 1000)`
  const child = run(code)
  assert.is(String((await once(child.stdout, 'data'))[0]), 'mine\n')
  assert.is(takeLock(lock), undefined)
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
  const own = takeLock(lock)
  assert.ok(own)
  assert.is(takeLock(lock), undefined, 'also within one process')
  own?.release()
  const next = takeLock(lock)
  assert.ok(next)
  next?.release()
})

test('a lock file that cannot be opened is not a lock that is taken', () => {
  assert.throws(() => takeLock(path.join(folder, 'no', 'folder')), /unable to open/)
})

test.run()
