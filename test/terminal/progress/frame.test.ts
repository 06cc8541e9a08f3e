import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Event } from '../../../src/report/event.ts'
import { endedPhase, frame } from '../../../src/terminal/progress/frame.ts'
import { Progress } from '../../../src/terminal/progress/progress.ts'
import { glyphsFor } from '../../../src/terminal/text/glyphs.ts'
import { createStyle } from '../../../src/terminal/text/style.ts'

const drawing = { style: createStyle(false), glyphs: glyphsFor({ LANG: 'C.UTF-8' }), columns: 50 }
const create: Event[] = [
  { phase: 'create', state: 'started' },
  { phase: 'create', step: 'vpc', state: 'started' },
  { phase: 'create', step: 'vpc', state: 'done', seconds: 1.2, detail: 'vpc-0abc' },
  { phase: 'create', step: 'internet-gateway', state: 'done', seconds: 0.3 },
  { phase: 'create', step: 'instance', state: 'progress', detail: 'waiting for the instance profile to be seen' },
  { phase: 'create', step: 'subnet', state: 'failed', seconds: 75, detail: 'no room' },
  { phase: 'create', step: 'address', state: 'skipped', detail: 'subnet failed' },
]

function after(events: readonly Event[]): Progress {
  const progress = new Progress()
  for (const event of events) progress.apply(event, 0)
  return progress
}

test('a phase is drawn with its steps beneath, each with sign, name, time and detail', () => {
  const lines = frame(after(create).phases, 10, { at: 12_700, turn: 1 }, drawing)
  assert.equal(lines, [
    '⠙ create       12 s',
    '  ✔ vpc                1.2 s  vpc-0abc',
    '  ✔ internet-gateway   0.3 s',
    '  ⠙ instance            12 s  waiting for the ins…',
    '  ✖ subnet          1 m 15 s  no room',
    '  – address                   subnet failed',
  ])
})

test('a screen too low counts the steps that are done, and what still does not fit', () => {
  const { phases } = after(create)
  const moment = { at: 500, turn: 0 }
  assert.equal(frame(phases, 5, moment, drawing), [
    '⠋ create',
    '  ✔ 2 done',
    '  ⠋ instance          waiting for the instance pr…',
    '  ✖ subnet  1 m 15 s  no room',
    '  – address           subnet failed',
  ])
  assert.equal(frame(phases, 3, moment, drawing), ['⠋ create', '  ✔ 2 done', '  … 3 more'])
})

test('no line is longer than a narrow screen', () => {
  for (const columns of [10, 12, 20, 27, 33, 41]) {
    const lines = frame(after(create).phases, 10, { at: 700_000, turn: 0 }, { ...drawing, columns })
    assert.ok(Math.max(...lines.map((line) => line.length)) <= columns, `${columns} columns:\n${lines.join('\n')}`)
  }
})

test('a phase that went well ends as one line, or with all its steps when asked', () => {
  const progress = after(create.slice(0, 4))
  const phase = progress.apply({ phase: 'create', state: 'done', seconds: 2, detail: '2 resources' }, 2000)!
  assert.equal(endedPhase(phase, false, { at: 0, turn: 0 }, drawing), ['✔ create      2.0 s  2 resources'])
  assert.is(endedPhase(phase, true, { at: 0, turn: 0 }, drawing).length, 3)
})

test('a phase in which something failed keeps what was not done on the screen', () => {
  const phase = after(create).apply({ phase: 'create', state: 'failed' }, 90_000)!
  assert.equal(endedPhase(phase, false, { at: 0, turn: 0 }, drawing).slice(0, 2), ['✖ create   1 m 30 s', '  ✔ 2 done'])
})

test.run()
