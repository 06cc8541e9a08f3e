import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { commitOf } from '../../../src/release/plan/commit.ts'

const folder = mkdtempSync(join(tmpdir(), 'commit-'))
test.after(() => rmSync(folder, { recursive: true }))

test('a folder that is no checkout, or one without a commit, stands at none', async () => {
  assert.is(await commitOf(folder), undefined)
  execFileSync('git', ['init', '-q', folder])
  assert.is(await commitOf(folder), undefined)
})

test('a checkout stands at its newest commit', async () => {
  const git = (...words: string[]) =>
    execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@b.test', ...words], { encoding: 'utf8' })
  git('commit', '-q', '--allow-empty', '-m', 'Begin')
  assert.match((await commitOf(folder))!, /^[0-9a-f]{40}$/)
  assert.is(await commitOf(folder), git('rev-parse', 'HEAD').trim())
})

test('a machine without git is no error', async () => {
  const path = process.env.PATH
  process.env.PATH = folder
  assert.is(await commitOf(folder), undefined)
  process.env.PATH = path
})

test.run()
