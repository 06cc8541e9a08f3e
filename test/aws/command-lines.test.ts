import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { commandLines } from '../../src/aws/command-lines.ts'
import { launchScript } from '../../src/release/launch/launch-script.ts'
import { container, launchOf } from '../release/launch/launch.fixture.ts'

/** A script that is longer than a command may be. */
const long = (end: string) => `${'# it\'s a long story: "$HOME" `id` \\n ü\n'.repeat(4000)}${end}`
const sent = (script: string) => commandLines(script).join('\n')

test('a script that fits is sent as it is', () => {
  assert.is(sent('echo one\necho two\n'), 'echo one\necho two\n')
})

test('one that is too long is sent packed, and does the same: its output, its input, its exit code', () => {
  const script = long('echo "said ü"; echo wrong >&2; cat; exit 7\n')
  const text = sent(script)
  assert.ok(text.length < script.length / 10)
  const folder = mkdtempSync(join(tmpdir(), 'command-lines-'))
  const env = { PATH: process.env.PATH, TMPDIR: folder }
  const { status, stdout, stderr } = spawnSync('sh', ['-c', text], { input: 'asked', encoding: 'utf8', env })
  assert.equal([status, stdout, stderr], [7, 'said ü\nasked', 'wrong\n'])
  assert.equal(readdirSync(folder), [], 'the unpacked script is removed')
  rmSync(folder, { recursive: true })
})

test('the launch of a hundred services fits into one command', () => {
  const environment = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`SETTING_${n}`, `value ${n} of this service`]))
  const containers = Array.from({ length: 100 }, (_, n) => container(`service-number-${n}`, { port: 8000 + n, environment }))
  const script = launchScript(launchOf(containers))
  assert.ok(script.length > 100_000)
  assert.ok(Buffer.byteLength(JSON.stringify(commandLines(script))) < 60 * 1024)
})

test('what is too long even so is an error that says so', () => {
  let noise = ''
  for (let seed = 1; noise.length < 200_000; seed = (seed * 48_271) % 2_147_483_647) noise += seed.toString(36)
  assert.throws(() => commandLines(noise), 'is too long for Run Command, even packed')
})

test.run()
