import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { liveView } from '../../src/terminal/progress/live.ts'
import { createTerminal, type TerminalOptions } from '../../src/terminal/terminal.ts'
import { keyboard, Screen } from '../support/screen.ts'

function open(options: TerminalOptions = {}, isTTY = false) {
  const stdout = new Screen({ isTTY, columns: 40 })
  const stderr = new Screen({ isTTY, columns: 40 })
  const stdin = keyboard(isTTY)
  return {
    stdout,
    stderr,
    stdin,
    terminal: createTerminal({ live: liveView, stdin, stdout, stderr, env: { LANG: 'C.UTF-8' }, ...options }),
  }
}

function work({ terminal }: ReturnType<typeof open>): void {
  terminal.emit({ phase: 'lock', state: 'started' })
  terminal.note('a note')
  terminal.warn('a warning')
  terminal.emit({ phase: 'lock', state: 'done', seconds: 1 })
  terminal.print('a result')
  terminal.table([{ a: 1 }], ['a'])
  terminal.timeline([{ label: 'lock', start: 0, seconds: 1 }])
  terminal.end()
}

test('results go to stdout, everything else to stderr', () => {
  const opened = open({ columns: 30 })
  work(opened)
  assert.is(opened.stdout.written, `a result\nA\n1\nlock  ${'█'.repeat(17)}  1.0 s\n`)
  assert.is(opened.stderr.written, 'lock  started\na note\n! a warning\nlock  done  1.0 s\n')
})

test('--json leaves stdout to the one document and keeps nothing but warnings', () => {
  const opened = open({ json: true })
  work(opened)
  assert.is(opened.stdout.written, '')
  assert.is(opened.stderr.written, '! a warning\n')
})

test('--quiet keeps results and warnings', () => {
  const opened = open({ quiet: true })
  work(opened)
  assert.ok(opened.stdout.written.startsWith('a result\n'))
  assert.is(opened.stderr.written, '! a warning\n')
})

test('on a terminal the progress is live and what is printed stands above it', () => {
  const opened = open({ color: false }, true)
  work(opened)
  assert.is(opened.stderr.shown, ['a note', '! a warning', '✔ lock        1.0 s'].join('\n'))
  assert.is(opened.stdout.shown, `a result\nA\n1\nlock  ${'█'.repeat(27)}  1.0 s`)
})

test('what is printed is seen by a person on a terminal only, not in a pipe, in CI or in a document', () => {
  assert.is(open({}, true).terminal.seen, true)
  assert.is(open({ env: { TERM: 'dumb' } }, true).terminal.seen, true)
  assert.is(open().terminal.seen, false)
  assert.is(open({ json: true }, true).terminal.seen, false)
  assert.is(open({ env: { CI: 'true' } }, true).terminal.seen, false)
})

test('in CI nothing moves, even on a terminal, and there is no escape code without FORCE_COLOR', () => {
  const ci = open({ env: { CI: 'true', NO_COLOR: '1' } }, true)
  work(ci)
  assert.not.match(ci.stderr.written + ci.stdout.written, '\u001b')
  const forced = open({ env: { CI: 'true', FORCE_COLOR: '1' } })
  work(forced)
  assert.match(forced.stderr.written, '\u001b[32mdone\u001b[39m')
})

test('a question is asked on stderr, and not at all after --yes', async () => {
  const { terminal, stdin, stderr } = open({}, true)
  assert.is(await terminal.confirm('Go on?', { yes: true }), true)
  assert.is(stderr.written, '')
  stdin.write('y\n')
  assert.is(await terminal.confirm('Go on?'), true)
  assert.match(stderr.shown, 'Go on? [y/N]')
})

test.run()
