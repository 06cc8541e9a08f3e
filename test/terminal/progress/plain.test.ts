import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Event } from '../../../src/report/event.ts'
import { plainLine, plainView } from '../../../src/terminal/progress/plain.ts'
import { createStyle } from '../../../src/terminal/text/style.ts'
import { Screen } from '../../support/screen.ts'

const events: Event[] = [
  { phase: 'create', state: 'started' },
  { phase: 'create', state: 'progress', detail: 'half' },
  { phase: 'create', step: 'vpc', state: 'started' },
  { phase: 'create', step: 'vpc', state: 'done', seconds: 1.24, detail: 'vpc-0abc' },
  { phase: 'create', step: 'subnet', state: 'failed', seconds: 0.2, detail: 'no\nroom\u001b[2J' },
  { phase: 'create', step: 'address', state: 'skipped' },
  { phase: 'create', state: 'failed', seconds: 2 },
]

function shown(verbose: boolean): string {
  const screen = new Screen({ isTTY: false })
  const view = plainView(screen, createStyle(false), verbose)
  for (const event of events) {
    view.emit(event)
    view.pause()
    view.resume()
  }
  view.end()
  return screen.written
}

test('one line an event, and steps only when they have ended', () => {
  assert.is(
    shown(false),
    [
      'create  started',
      'create  vpc  done  1.2 s  vpc-0abc',
      'create  subnet  failed  0.2 s  no room',
      'create  address  skipped',
      'create  failed  2.0 s',
      '',
    ].join('\n'),
  )
})

test('verbose tells every event', () => {
  assert.equal(shown(true).split('\n').slice(0, 3), ['create  started', 'create  progress  half', 'create  vpc  started'])
})

test('colour is on the state only', () => {
  assert.is(plainLine(events[3]!, createStyle(true), false), 'create  vpc  \u001b[32mdone\u001b[39m  1.2 s  vpc-0abc')
})

test.run()
