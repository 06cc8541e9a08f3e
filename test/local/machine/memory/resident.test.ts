import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { fromPs, residentOf } from '../../../../src/local/machine/memory/resident.ts'

const mib = 1024 ** 2

/** A group of two processes, of which the second has 64 MiB more. */
const script = `const { spawn } = require('node:child_process')
if (process.argv[1] === 'child') {
  globalThis.kept = Buffer.alloc(64 * 1024 * 1024, 1)
  console.log('ready')
} else spawn(process.execPath, ['-e', process.env.SCRIPT, 'child'], { stdio: 'inherit' })
setInterval(() => {}, 1000)
`

test('the processes of a group are told with what each has, and others are not', async () => {
  const child = spawn(process.execPath, ['-e', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, SCRIPT: script },
  })
  try {
    await once(child.stdout, 'data')
    const group = child.pid!
    const found = await residentOf(new Set([group, 2 ** 30]))
    assert.equal([...found.keys()], [group])
    const sizes = found.get(group)!
    assert.is(sizes.length, 2)
    const parent = sizes.find(({ pid }) => pid === group)!.bytes
    const eater = sizes.find(({ pid }) => pid !== group)!.bytes
    assert.ok(parent > mib, `${parent}`)
    assert.ok(eater - parent > 56 * mib && eater - parent < 96 * mib, `${eater} and ${parent}`)
    const byPs = await fromPs(new Set([group]))
    assert.equal(byPs.map(({ pid }) => pid).sort(), sizes.map(({ pid }) => pid).sort())
    // With the pages of files, it is more.
    if (process.platform === 'linux') assert.ok(byPs.find(({ pid }) => pid === group)!.bytes > parent)
  } finally {
    process.kill(-child.pid!, 'SIGKILL')
  }
})

test('where nothing runs, nothing is looked at', async () => {
  assert.is((await residentOf(new Set())).size, 0)
})

test.run()
