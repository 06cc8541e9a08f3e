import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { opening, runIn } from './fixture.ts'

const good = `${opening}test('holds', () => {})\ntest.run()\n`

/** Runs one file that must fail, and checks the sentence that says why. */
function refused(text: string, sentence: string | RegExp, last = '0 passed, 1 failed'): void {
  const { code, output, last: lastLine } = runIn({ 'test/bad.test.ts': text }, ['bad'])
  assert.match(output, sentence)
  assert.match(output, /FAIL {2}test\/bad\.test\.ts/)
  assert.is(lastLine, last)
  assert.is(code, 1)
}

test('files that pass are counted, each with a line of its own', () => {
  const { code, output, last } = runIn({ 'test/a.test.ts': good, 'services/x/b.test.ts': good }, ['a.test', 'b.test'])
  assert.match(output, /ok {4}test\/a\.test\.ts {2}1 passed {2}\d/)
  assert.match(output, /ok {4}services\/x\/b\.test\.ts {2}1 passed {2}\d/)
  assert.is(last, '2 passed, 0 failed')
  assert.is(code, 0)
})

test('a failing test fails the run and shows all that its file wrote', () => {
  const { code, output, last } = runIn(
    {
      'test/a.test.ts': `${opening}test('holds', () => {})\ntest('breaks', () => { console.log('a clue'); assert.is(1, 2) })\ntest.run()\n`,
      'test/b.test.ts': good,
    },
    ['a.test', 'b.test'],
  )
  assert.match(output, 'FAIL  test/a.test.ts  1 passed, 1 failed')
  assert.match(output, 'a clue')
  assert.match(output, 'Failed files:\n  test/a.test.ts')
  assert.is(last, '2 passed, 1 failed')
  assert.is(code, 1)
})

test('a before hook that throws fails the file, though uvu exits with 0', () => {
  refused(`${opening}test.before(() => { throw new Error('no') })\ntest('a', () => {})\ntest.run()\n`, 'Only 0 of 1 tests ran to their end')
})

test('a forgotten .run() fails the file', () => {
  refused(`${opening}test('a', () => {})\n`, 'bad.test.ts: test.run() is missing')
})

test('a suite without .run() beside one with it fails the file', () => {
  const text = `import { suite } from 'uvu'\nconst a = suite('a')\nconst b = suite('b')\na('x', () => {})\nb('y', () => {})\na.run()\n`
  refused(text, 'b.run() is missing', '1 passed, 1 failed')
})

test('a test after .run() fails the file', () => {
  refused(
    `${opening}test('a', () => {})\ntest.run()\ntest('late', () => {})\n`,
    'A test stands after the last test.run()',
    '1 passed, 1 failed',
  )
})

test('a file without tests fails', () => {
  refused(`${opening}test.run()\n`, 'It has no tests.')
})

test('a skipped test fails the file', () => {
  refused(`${opening}test('a', () => {})\ntest.skip('b', () => {})\ntest.run()\n`, 'It skips 1 of its tests.', '1 passed, 1 failed')
})

test('.only() fails the file', () => {
  const { output, last } = runIn({ 'test/bad.test.ts': `${opening}test.only('a', () => {})\ntest('b', () => {})\ntest.run()\n` }, ['bad'])
  assert.match(output, 'test.only() hides the other tests.')
  assert.match(output, 'It skips 1 of its tests.')
  assert.is(last, '1 passed, 1 failed')
})

test('a file that crashes before its tests fails with its error shown', () => {
  refused(`${opening}throw new Error('the crash')\n`, 'the crash')
})

test('a test that ends its process early fails the file', () => {
  refused(`${opening}test('a', () => process.exit(0))\ntest.run()\n`, 'without a summary by uvu')
})

test('an error after the last test fails the file', () => {
  const text = `${opening}test('a', () => { setTimeout(() => { throw new Error('late') }, 50) })\ntest.run()\n`
  refused(text, 'Its tests passed, but it ended with exit code', '1 passed, 1 failed')
})

test('a file ended by a signal fails', () => {
  refused(`${opening}test('a', () => { process.kill(process.pid, 'SIGKILL') })\ntest.run()\n`, 'It was ended by SIGKILL.')
})

test('a file that hangs is killed at its own time limit', () => {
  const text = `// time limit: 1 s\n${opening}test('a', () => new Promise(() => setInterval(() => {}, 1000)))\ntest.run()\n`
  refused(text, 'It took longer than its time limit of 1 s and was killed.')
})

test('an argument that matches no file fails the run', () => {
  const { code, output, last } = runIn({ 'test/a.test.ts': good }, ['nowhere'])
  assert.match(output, 'No test file matches "nowhere".')
  assert.is(last, '0 passed, 1 failed')
  assert.is(code, 1)
})

test('a project without test files fails the run', () => {
  const { code, output, last } = runIn({})
  assert.match(output, 'No test file matches test/**/*.test.ts or services/**/*.test.ts')
  assert.is(last, '0 passed, 1 failed')
  assert.is(code, 1)
})

test.run()
