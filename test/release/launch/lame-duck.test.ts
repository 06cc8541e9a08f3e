import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { lameDuckHeader } from '../../../services/kit/lame-duck.ts'
import { lameDuckHeader as awaited, lameDuckScript } from '../../../src/release/launch/lame-duck.ts'

const folder = mkdtempSync(join(tmpdir(), 'lame-duck-'))
test.after(() => rmSync(folder, { recursive: true }))

/** Runs the script on a machine whose launch has left these files, with a docker that knows these containers. */
function run(files: Record<string, string>, docker = 'exit 0') {
  const [root, bin, calls] = [join(folder, 'root'), join(folder, 'bin'), join(folder, 'calls')]
  for (const each of [root, calls]) rmSync(each, { recursive: true, force: true })
  for (const each of [root, bin]) mkdirSync(each, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text)
  writeFileSync(join(bin, 'docker'), `#!/bin/sh\necho "$@" >>${calls}\n${docker}\n`)
  chmodSync(join(bin, 'docker'), 0o755)
  const env = { PATH: `${bin}:${process.env.PATH}`, MLOPS_ROOT: root }
  const { status, stdout } = spawnSync('sh', ['-c', lameDuckScript], { encoding: 'utf8', env })
  return { status, told: stdout.split('\n').filter(Boolean), calls: existsSync(calls) ? readFileSync(calls, 'utf8') : '' }
}

const lives = ['web', 'plain', 'store'].map((name) => `/${name} running 2026-01-01T00:00:00Z 0 false id-of-${name}\n`).join('')

test('only containers whose service has said that it takes the signal get it, each as it was launched', () => {
  const { status, told, calls } = run({ lives, 'lame-ducks': '/web\n/store\n' })
  assert.equal([status, told], [0, ['web', 'store']])
  assert.is(calls, 'kill -s USR2 id-of-web\nkill -s USR2 id-of-store\n')
})

test('one that is not there any more is not told, and the others are', () => {
  const { status, told } = run({ lives, 'lame-ducks': '/web\n/store\n' }, '[ "$4" != id-of-web ]')
  assert.equal([status, told], [0, ['store']])
})

test('a machine whose launch has written nothing down, as earlier versions have not, is left alone', () => {
  for (const files of [{}, { lives }, { lives, 'lame-ducks': '' }, { lives: '/web running x 0 false\n', 'lame-ducks': '/web\n' }])
    assert.equal(run(files as Record<string, string>), { status: 0, told: [], calls: '' })
})

test('the launch looks for what the kit says', () => {
  const listener = () => undefined
  process.on('SIGUSR2', listener)
  const [[name, value] = []] = Object.entries(lameDuckHeader())
  process.off('SIGUSR2', listener)
  assert.is(`${name}: ${value}`, awaited)
})

test.run()
