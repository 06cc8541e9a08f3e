import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { findTests } from './find.ts'

test('without arguments every test file of the project is found, sorted', () => {
  const { files, problems } = findTests(process.cwd(), [])
  assert.ok(files.includes('test/runner/find.test.ts'))
  assert.equal(files, [...files].sort())
  assert.equal(problems, [])
})

test.run()
