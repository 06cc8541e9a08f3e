import { spawnSync } from 'node:child_process'
import { test } from 'uvu'
import * as assert from 'uvu/assert'

const log = new URL('../../../src/local/process/log.ts', import.meta.url).pathname

/** Runs a program whose standard error is a file on a disk with no room, which is given room after its third line. */
function onFullDisk(first: string) {
  const program = `
    ${first}
    for (let line = 0; line < 3; line++) { console.error('lost', line); await new Promise((done) => setTimeout(done, 20)) }
    ;(await import('node:fs')).rmSync('filler')
    console.error('kept', { a: 1 })`
  const script = `
    disk=$(mktemp -d) && mount -t tmpfs -o size=64k tmpfs "$disk" && cd "$disk" || exit 99
    : > log; cat /dev/zero > filler 2>/dev/null
    "$0" --disable-warning=ExperimentalWarning --input-type=module -e "$1" 2>>log; code=$?
    cat log; exit $code`
  return spawnSync('unshare', ['--mount', 'sh', '-c', script, process.execPath, program], { encoding: 'utf8' })
}

test('a process whose log has no room goes on, and its log says afterwards how much is missing', () => {
  const { status, stdout, stderr, error } = onFullDisk(`import { logForever } from ${JSON.stringify(log)}; logForever()`)
  if (error || status === 99 || stderr.startsWith('unshare:'))
    return console.log('\nnot tested: this system does not let us mount a small disk')
  assert.is(status, 0)
  assert.match(stdout, /^\d{4}-\d\d-\d\dT[\d:.]+Z 3 lines are missing here: the disk was full\nkept \{ a: 1 \}\n$/)
})

test.run()
