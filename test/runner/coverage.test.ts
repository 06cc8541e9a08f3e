import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { opening, runIn } from './fixture.ts'

const c8rc = JSON.stringify({
  all: true,
  include: ['src/**'],
  exclude: [],
  extension: ['.ts'],
  'check-coverage': true,
  lines: 90,
  reporter: 'text',
})
const project = {
  '.c8rc.json': c8rc,
  'src/half.ts': "export const half = (x: number): number => x / 2\n\nexport function name(): string {\n  return 'half'\n}\n",
  'src/types.ts': '/** Only a type. */\nexport interface Nothing {\n  a: string\n  b: string\n  c: string\n}\n',
}
const half = `${opening}import { half } from '../src/half.ts'\nimport type { Nothing } from '../src/types.ts'\n`

test('coverage under the threshold fails a whole run, and the last line still counts', () => {
  const { code, output, last } = runIn({ ...project, 'test/a.test.ts': `${half}test('a', () => assert.is(half(2), 1))\ntest.run()\n` })
  assert.match(output, 'Coverage is below the threshold')
  assert.is(last, '1 passed, 1 failed')
  assert.is(code, 1)
})

test('coverage of child processes counts, and files that hold only types do not', () => {
  const child = `import { name } from '../src/half.ts'\nif (name() !== 'half') process.exitCode = 1\n`
  const { code, output, last } = runIn({
    ...project,
    'test/child.ts': child,
    'test/a.test.ts': `${half}import { execFileSync } from 'node:child_process'
test('a', () => {
  assert.is(half(2), 1)
  execFileSync(process.execPath, ['test/child.ts'])
})
test.run()
`,
  })
  assert.match(output, /half\.ts +\| +100/)
  assert.not.match(output, 'types.ts')
  assert.is(last, '1 passed, 0 failed')
  assert.is(code, 0)
})

test('a file that no test loads counts as not covered', () => {
  const { output, last } = runIn({ ...project, 'test/a.test.ts': `${opening}test('a', () => {})\ntest.run()\n` })
  assert.match(output, /half\.ts +\| +0/)
  assert.is(last, '1 passed, 1 failed')
})

test.run()
