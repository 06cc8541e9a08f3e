import { endianness } from 'node:os'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { holderInTable, holdersInList } from '../../../../src/local/machine/metadata/connection-table.ts'
import { kinshipsIn, members } from '../../../../src/local/machine/process-table.ts'

const head = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode'

if (endianness() === 'LE') {
  test('the user and the socket at one end of a connection stand in the kernel’s table', () => {
    const table = `${head}
   0: 0901807F:1FAF 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 101 1 0000000000000000 100 0 0 10 0
   1: 0901807F:1FAF 0100007F:CC5A 01 00000000:00000000 00:00000000 00000000     0        0 102 1 0000000000000000 20 4 30 10 -1
   2: 0100007F:CC5A 0901807F:1FAF 01 00000000:00000000 00:00000000 00000000 65534        0 103 1 0000000000000000 20 4 30 10 -1
`
    assert.equal(holderInTable(table, '127.0.0.1:52314', '127.128.1.9:8111'), { uid: 65534, inode: '103' })
    assert.equal(holderInTable(table, '127.128.1.9:8111', '127.0.0.1:52314'), { uid: 0, inode: '102' })
    assert.is(holderInTable(table, '127.0.0.1:52315', '127.128.1.9:8111'), undefined)
    assert.is(holderInTable(head, '127.0.0.1:52314', '127.128.1.9:8111'), undefined)
  })

  test('a program may reach an address of version 4 by a socket of version 6', () => {
    const table = `${head}
   0: 0000000000000000FFFF00000100007F:CC5A 0000000000000000FFFF00000901807F:1FAF 01 00000000:00000000 00:00000000 00000000  1000        0 77 1 0 20 4 30 10 -1
   1: 00000000000000000000000001000000:CC5A 00000000000000000000000001000000:1FAF 01 00000000:00000000 00:00000000 00000000  1001        0 78 1 0 20 4 30 10 -1
`
    assert.equal(holderInTable(table, '127.0.0.1:52314', '127.128.1.9:8111'), { uid: 1000, inode: '77' })
  })
}

test('on macOS lsof says whose an end of a connection is', () => {
  const list = [
    'p501',
    'u501',
    'f23',
    'n127.0.0.1:4999',
    'f24',
    'n127.0.0.1:4999->127.0.0.1:52314',
    'p733',
    'u502',
    'f5',
    'n127.0.0.1:52314->127.0.0.1:4999',
    'p734',
    'u502',
    'f5',
    'n127.0.0.1:52314->127.0.0.1:4999',
    'p800',
    'u501',
    'f9',
    'n[::ffff:127.0.0.1]:52316->[::ffff:127.0.0.1]:4999',
    '',
  ].join('\n')
  assert.equal(holdersInList(list, '127.0.0.1:52314', '127.0.0.1:4999'), [
    { uid: 502, pid: 733 },
    { uid: 502, pid: 734 },
  ])
  assert.equal(holdersInList(list, '127.0.0.1:52316', '127.0.0.1:4999'), [{ uid: 501, pid: 800 }])
  assert.equal(holdersInList(list, '127.0.0.1:1', '127.0.0.1:4999'), [])
  assert.equal(holdersInList('', '127.0.0.1:1', '127.0.0.1:4999'), [])
})

test('a process belongs to the instance that the nearest mark among itself and its ancestors names', () => {
  const table = `
    1     0 /sbin/launchd
  501     1 node main.ts /x/instances/i-1 PATH=/bin MLOPS_INSTANCE=i-1
  733   501 /usr/bin/curl http://127.0.0.1:4999/
  734   733 /bin/sh
  740   501 node server.js MLOPS_INSTANCE=i-1 MLOPS_NETWORK=mlops
  741   740 /usr/bin/curl http://127.0.0.1:4999/
  800   501 node other.js MLOPS_INSTANCE=i-2
  900     1 /usr/bin/curl http://127.0.0.1:4999/
  950   951 a
  951   950 b
`
  const all = kinshipsIn(table)
  assert.equal(members(all, 'i-1'), [501, 733, 734])
  assert.equal(members(all, 'i-2'), [800])
  assert.equal(members(all, 'i-3'), [])
})

test.run()
