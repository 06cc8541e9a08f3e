import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { layProject, opening, runner } from './fixture.ts'
import { alive } from './processes.ts'

test('an interrupted run takes the files that are running along', async () => {
  const root = layProject({
    'test/a.test.ts': `${opening}import { renameSync, writeFileSync } from 'node:fs'
test('a', () => {
  writeFileSync('new', String(process.pid))
  renameSync('new', 'started')
  return new Promise(() => setInterval(() => {}, 1000))
})
test.run()
`,
  })
  try {
    const run = spawn(process.execPath, [runner, 'a.test'], { cwd: root, stdio: 'ignore' })
    const exit = once(run, 'exit')
    while (!existsSync(join(root, 'started'))) await pause(20)
    const group = Number(readFileSync(join(root, 'started'), 'utf8'))
    assert.is(alive(group, 'NONE=1').length, 1)
    run.kill('SIGINT')
    assert.is((await exit)[0], 130)
    while (alive(group, 'NONE=1').length > 0) await pause(20)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
})

test.run()
