import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type Line, openLog } from '../../../../../src/local/machine/docker/containers/container-log.ts'

const folder = mkdtempSync(join(tmpdir(), 'container-log-'))
test.after(() => rmSync(folder, { recursive: true, force: true }))

test('output is kept line by line, however it comes', () => {
  const log = openLog(join(folder, 'lines.log'), {})
  const seen: Line[] = []
  const stop = log.follow((line) => seen.push(line))
  const text = Buffer.from('zwölf\nmore')
  log.write('stdout', text.subarray(0, 3))
  log.write('stderr', Buffer.from('oops\n'))
  log.write('stdout', text.subarray(3))
  assert.equal(
    seen.map(({ log, stream }) => [stream, log]),
    [
      ['stderr', 'oops\n'],
      ['stdout', 'zwölf\n'],
    ],
  )
  log.flush()
  stop()
  log.write('stdout', Buffer.from('unseen\n'))
  assert.is(seen.length, 3)
  assert.equal(
    log.read().map(({ log }) => log),
    ['oops\n', 'zwölf\n', 'more', 'unseen\n'],
  )
})

test('a line without an end is kept in pieces of 16 KiB', () => {
  const log = openLog(join(folder, 'long.log'), {})
  log.write('stdout', Buffer.alloc(40_000, 'x'))
  assert.equal(
    log.read().map(({ log }) => log.length),
    [16_384, 16_384],
  )
})

test('files are rotated by size, and the oldest is dropped', () => {
  const file = join(folder, 'rotated.log')
  const log = openLog(file, { maxSize: 500, maxFile: 3 })
  for (let index = 0; index < 40; index++) log.write('stdout', Buffer.from(`line ${index}\n`))
  assert.equal(
    readdirSync(folder)
      .filter((name) => name.startsWith('rotated'))
      .sort(),
    ['rotated.log', 'rotated.log.1', 'rotated.log.2'],
  )
  const kept = log.read().map(({ log }) => Number(log.slice(5)))
  assert.is(kept.at(-1), 39)
  assert.ok(kept.length >= 10 && kept.length < 25)
  assert.equal(
    kept,
    kept.toSorted((a, b) => a - b),
  )
  assert.is(openLog(file, { maxSize: 500, maxFile: 3 }).read().length, kept.length)
  const single = openLog(join(folder, 'single.log'), { maxSize: 200 })
  for (let index = 0; index < 10; index++) single.write('stdout', Buffer.from(`line ${index}\n`))
  assert.is(single.read().at(-1)!.log, 'line 9\n')
  assert.ok(single.read().length < 5)
})

test.run()
