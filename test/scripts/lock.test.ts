// time limit: 120 s
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { document, layProject } from '../support/project.ts'

const project = await layProject()

test('a stage that is held refuses deploy, provision and destroy with the reason, until it is released', async () => {
  const shown = await project.run('lock')
  assert.equal([shown.code, shown.out], [0, `Nobody has stage local of shop.\n`], shown.err)
  const held = await project.run('lock', 'hold', '--reason', 'Audit until Friday')
  assert.match(held.out, /^Held by \S+ \(lock\) since \S+Z: Audit until Friday\. To release it: npx zx scripts\/lock\.mjs release\n$/)

  const refused = await Promise.all([project.run('deploy'), project.run('provision'), project.run('destroy', '--yes')])
  for (const { code, err } of refused) {
    assert.is(code, 6, err)
    assert.match(err, /✖ The stage is held by \S+ \(lock\) since \S+Z: Audit until Friday\n/)
    assert.match(err, 'npx zx scripts/lock.mjs release --stage local')
  }
  assert.is(document(await project.run('status', '--json')).lock.held.reason, 'Audit until Friday')

  const released = await project.run('lock', 'release')
  assert.match(released.out, /^Released\. \S+ \(lock\) had held it: Audit until Friday\n$/)
  const { left } = document(await project.run('destroy', '--yes', '--all', '--json'))
  assert.equal(left, [])
})

test('a hold without a reason is refused before anything is started', async () => {
  const { code, err } = await project.run('lock', 'hold')
  assert.equal([code, err.split('\n')[0]], [2, '✖ A hold needs a reason, which everybody is told who finds the stage locked'])
})

test.run()
