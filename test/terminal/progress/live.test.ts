import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { liveView } from '../../../src/terminal/progress/live.ts'
import { glyphsFor } from '../../../src/terminal/text/glyphs.ts'
import { createStyle } from '../../../src/terminal/text/style.ts'
import { Screen, until } from '../../support/screen.ts'

const glyphs = glyphsFor({ LANG: 'C.UTF-8' })
const view = (screen: Screen, verbose = false) => liveView(screen, createStyle(false), glyphs, verbose)

test('what runs is repainted at the bottom, what has ended moves up', async () => {
  const screen = new Screen()
  const live = view(screen)
  live.emit({ phase: 'lock', state: 'started' })
  live.emit({ phase: 'lock', state: 'done', seconds: 0.4, detail: 'nothing there yet' })
  live.emit({ phase: 'create', state: 'started' })
  live.emit({ phase: 'create', step: 'vpc', state: 'started' })
  live.emit({ phase: 'create', step: 'vpc', state: 'done', seconds: 1.2, detail: 'vpc-0abc' })
  live.emit({ phase: 'create', step: 'subnet', state: 'started', detail: 'in vpc-0abc' })
  await until(() => screen.shown.includes('⠙ subnet'))
  assert.is(
    screen.shown,
    [
      '✔ lock        0.4 s  nothing there yet',
      '⠙ create',
      '  ✔ vpc      1.2 s  vpc-0abc',
      '  ⠙ subnet          in vpc-0abc',
      '  0 s in all',
    ].join('\n'),
  )
  assert.is(screen.cursorShown, false)
  live.emit({ phase: 'create', state: 'done', seconds: 2.5 })
  assert.is(screen.shown, ['✔ lock        0.4 s  nothing there yet', '✔ create      2.5 s'].join('\n'))
  assert.is(screen.cursorShown, true)
  live.end()
})

test('the screen can be lent to somebody else, who is not painted over', () => {
  const screen = new Screen()
  const live = view(screen)
  live.emit({ phase: 'create', state: 'started' })
  live.pause()
  screen.write('Really? [y/N] ')
  live.emit({ phase: 'create', step: 'vpc', state: 'started' })
  assert.is(screen.shown, 'Really? [y/N]')
  assert.is(screen.cursorShown, true)
  screen.write('y\n')
  live.resume()
  assert.is(screen.shown, ['Really? [y/N] y', '⠋ create', '  ⠋ vpc', '  0 s in all'].join('\n'))
  live.end()
})

test('at the end what is unfinished is shown as such, and the cursor is back', () => {
  const screen = new Screen()
  const live = view(screen)
  live.emit({ phase: 'create', state: 'started' })
  live.emit({ phase: 'create', step: 'vpc', state: 'done', seconds: 1 })
  live.emit({ phase: 'create', step: 'subnet', state: 'failed', seconds: 1, detail: 'no room' })
  live.emit({ phase: 'create', step: 'instance', state: 'progress', detail: 'booting' })
  live.emit({ phase: 'create', step: 'address', state: 'started' })
  live.end()
  assert.is(
    screen.shown,
    [
      '– create             not finished',
      '  ✔ 1 done',
      '  ✖ subnet     1.0 s  no room',
      '  – instance          not finished: booting',
      '  – address           not finished',
    ].join('\n'),
  )
  assert.is(screen.cursorShown, true)
})

test('the picture is never higher than the screen', async () => {
  const screen = new Screen({ rows: 6, columns: 30 })
  const live = view(screen)
  for (let step = 0; step < 20; step++) live.emit({ phase: 'create', step: `step-${step}`, state: 'started' })
  await until(() => screen.shown.includes('more'))
  assert.is(screen.shown, ['⠙ create', '  ⠙ step-0', '  ⠙ step-1', '  … 18 more', '  0 s in all'].join('\n'))
  live.end()
})

test('verbose keeps every step of what has ended', () => {
  const screen = new Screen()
  const live = view(screen, true)
  live.emit({ phase: 'build', step: 'a', state: 'done', seconds: 1 })
  live.emit({ phase: 'build', state: 'done', seconds: 1 })
  assert.is(screen.shown, ['✔ build       1.0 s', '  ✔ a   1.0 s'].join('\n'))
  live.end()
})

test.run()
