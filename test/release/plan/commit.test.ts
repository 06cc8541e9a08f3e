import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { commitOf, shortCommit } from '../../../src/release/plan/commit.ts'

const folder = mkdtempSync(join(tmpdir(), 'commit-'))
test.after(() => rmSync(folder, { recursive: true }))

const git = (...words: string[]) =>
  execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@b.test', ...words], { encoding: 'utf8' })

test('a folder that is no checkout, or one without a commit, stands at none', async () => {
  assert.is(await commitOf(folder), undefined)
  execFileSync('git', ['init', '-q', folder])
  assert.is(await commitOf(folder), undefined)
})

test('a checkout stands at its newest commit', async () => {
  git('commit', '-q', '--allow-empty', '-m', 'Begin')
  assert.match((await commitOf(folder))!, /^[0-9a-f]{40}$/)
  assert.is(await commitOf(folder), git('rev-parse', 'HEAD').trim())
})

test('what was changed since the commit shows, and tags do not stand in for it', async () => {
  writeFileSync(join(folder, 'a.txt'), 'one')
  git('add', 'a.txt')
  git('commit', '-q', '-m', 'Add a')
  git('tag', '-a', 'v1', '-m', 'One')
  const commit = git('rev-parse', 'HEAD').trim()
  assert.is(await commitOf(folder), commit)
  writeFileSync(join(folder, 'a.txt'), 'two')
  assert.is(await commitOf(folder), `${commit}-dirty`)
  assert.equal([shortCommit(commit), shortCommit(`${commit}-dirty`)], [commit.slice(0, 12), `${commit.slice(0, 12)}-dirty`])
})

test('a machine without git is no error', async () => {
  const path = process.env.PATH
  process.env.PATH = folder
  assert.is(await commitOf(folder), undefined)
  process.env.PATH = path
})

test.run()
