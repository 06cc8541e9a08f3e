import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { makeOwnFolder } from '../../../src/local/files/own-folder.ts'
import { noStranger, stranger } from '../../support/asker.ts'

const folder = mkdtempSync(join(tmpdir(), 'own-folder-'))
test.after(() => rmSync(folder, { recursive: true }))

const refused = (path: string) => assert.throws(() => makeOwnFolder(path), /is not a folder of ours that nobody else may open/)

test('a folder of one’s own is closed to others, and is taken when it is there', () => {
  const path = join(folder, 'fresh')
  makeOwnFolder(path)
  assert.is(statSync(path).mode & 0o777, 0o700)
  makeOwnFolder(path)
})

test('what somebody else may look into, a link and a file are refused, whatever they lead to', () => {
  const open = join(folder, 'open')
  mkdirSync(open)
  chmodSync(open, 0o770)
  refused(open)
  mkdirSync(join(folder, 'target'), { mode: 0o700 })
  symlinkSync(join(folder, 'target'), join(folder, 'link'))
  refused(join(folder, 'link'))
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'))
  refused(join(folder, 'dangling'))
  writeFileSync(join(folder, 'file'), '', { mode: 0o600 })
  refused(join(folder, 'file'))
})

if (noStranger === undefined)
  test('a folder that another user has put there is refused, even a closed one', () => {
    const path = join(folder, 'theirs')
    mkdirSync(path, { mode: 0o700 })
    chownSync(path, stranger, stranger)
    refused(path)
  })

test.run()
