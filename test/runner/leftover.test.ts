import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { opening, runIn } from './fixture.ts'
import { alive, kill } from './processes.ts'

/** A test file that starts a process and does not end it. */
const leaving = (options: string) =>
  `${opening}import { spawn } from 'node:child_process'
test('a', () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], ${options})
  console.log('left behind: ' + child.pid + '.')
  child.unref()
})
test.run()
`

/** Whether the process that the file named is gone: killed, or a zombie that nobody has reaped yet. */
function gone(output: string): boolean {
  const pid = /left behind: (\d+)\./.exec(output)?.[1]
  assert.ok(pid, output)
  try {
    process.kill(Number(pid), 0)
  } catch {
    return true
  }
  return process.platform === 'linux' && / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

test('a child left running fails the file, is named and is killed', () => {
  const { output, last } = runIn({ 'test/a.test.ts': leaving("{ stdio: 'ignore' }") }, ['a.test'])
  assert.match(output, /It left a process behind: .*setInterval/)
  assert.is(last, '1 passed, 1 failed')
  assert.ok(gone(output))
})

test('a child that holds the output open does not hold the run up', () => {
  const { output, last } = runIn({ 'test/a.test.ts': leaving("{ stdio: 'inherit' }") }, ['a.test'])
  assert.match(output, 'It left a process behind')
  assert.is(last, '1 passed, 1 failed')
})

if (process.platform === 'linux') {
  test('a child in a process group of its own is found by the mark that it inherited', () => {
    const { output, last } = runIn({ 'test/a.test.ts': leaving("{ stdio: 'ignore', detached: true }") }, ['a.test'])
    assert.match(output, /It left a process behind: .*setInterval/)
    assert.is(last, '1 passed, 1 failed')
    assert.ok(gone(output))
  })

  test('of a file that is killed at its limit also goes what a process of its own environment has started', () => {
    const endless = 'setInterval(() => {}, 1000)'
    const grandchild = `const c = require('node:child_process').spawn(process.execPath, ['-e', '${endless}'], { detached: true, stdio: 'ignore', env: {} })
console.log('left behind: ' + c.pid + '.'); ${endless}`
    const file = `// time limit: 3 s
${opening}import { spawn } from 'node:child_process'
test('a', () => {
  spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { detached: true, stdio: 'inherit' })
  return new Promise(() => {})
})
setInterval(() => {}, 1000)
test.run()
`
    const { output } = runIn({ 'test/a.test.ts': file }, ['a.test'])
    assert.match(output, /It took longer than its time limit/)
    assert.ok(gone(output))
  })
}

test('a process is alive until it is killed, and killing it twice is no error', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' })
  const found = alive(child.pid!, 'NONE=1')
  assert.equal(
    found.map(({ pid }) => pid),
    [child.pid],
  )
  const exit = once(child, 'exit')
  kill(found)
  await exit
  assert.equal(alive(child.pid!, 'NONE=1'), [])
  kill(found)
})

test.run()
