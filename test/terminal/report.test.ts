import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { exit, Failure } from '../../src/report/failure.ts'
import { annotation, renderReport, reportDocument, reportOf } from '../../src/terminal/report.ts'
import { glyphsFor } from '../../src/terminal/text/glyphs.ts'
import { createStyle } from '../../src/terminal/text/style.ts'

const glyphs = glyphsFor({ LANG: 'C.UTF-8' })
const shown = (error: unknown, verbose = false) => renderReport(reportOf(error, verbose), createStyle(false), glyphs)

const failure = new Failure('ml-inference did not get healthy.', {
  on: 'service ml-inference',
  log: ['starting\u001b[2J', "Error: Cannot find module 'x'  "],
  likely: 'It crashed while starting.',
  next: 'npx zx scripts/logs.mjs ml-inference',
  code: exit.stillServing,
})

test('a failure is told in the order message, on, log, likely, next, without a stack', () => {
  assert.is(
    shown(failure),
    `✖ ml-inference did not get healthy.
  on      service ml-inference
  log     │ starting
          │ Error: Cannot find module 'x'
  likely  It crashed while starting.
  next    npx zx scripts/logs.mjs ml-inference`,
  )
})

test('a message of several lines keeps its lines, and a failure without details is its message', () => {
  assert.is(shown(new Failure('a:1  port\n  got 1\n1 problem')), '✖ a:1  port\n  got 1\n1 problem')
})

test('anything else is a bug of ours and shows where it happened', () => {
  const lines = shown(new TypeError('x is not a function')).split('\n')
  assert.is(lines[0], '✖ TypeError: x is not a function')
  assert.match(lines[1]!, /^ {2}at .*report\.test\.ts/)
  assert.equal(lines.slice(-2), ['  likely  This is a bug of ours, not a mistake of yours.', '  next    report it with the lines above'])
  assert.match(shown('thrown text'), '✖ thrown text')
})

test('verbose shows the stack of a failure and of what caused it', () => {
  const text = shown(new Failure('a', { cause: new AggregateError([new Error('c'), 'd'], 'b') }), true)
  assert.match(text, 'caused by AggregateError: b')
  assert.match(text, 'caused by Error: c')
  assert.match(text, 'caused by d')
})

test('the code is the one that the failure says, else the one for access when that was the cause, else 1', () => {
  const denied = Object.assign(new Error('no'), { name: 'AccessDenied' })
  assert.is(reportOf(failure).code, exit.stillServing)
  assert.is(reportOf(new Failure('a', { cause: denied })).code, exit.access)
  assert.is(reportOf(new Failure('a', { cause: denied, code: exit.nothingServing })).code, exit.nothingServing)
  assert.is(reportOf(denied).code, exit.access)
  assert.is(reportOf(new Error('bug')).code, exit.failed)
})

test('as JSON it is one document with the same facts', () => {
  assert.equal(JSON.parse(JSON.stringify(reportDocument(reportOf(new Failure('a', { next: 'b', code: 2 }))))), {
    ok: false,
    error: { message: 'a', next: 'b', code: 2 },
  })
})

test("GitHub's annotation is one line", () => {
  assert.is(annotation(reportOf(new Failure('100 %\nsure'))), '::error::100 %25%0Asure')
})

test.run()
