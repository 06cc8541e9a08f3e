import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { userData } from '../../../src/release/stage/user-data.ts'
import { configOf } from '../config.fixture.ts'

const config = configOf({ instance: { swapMiB: 3 } })
const plain = configOf()
const folders = [config.folder, plain.folder]
test.after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

/**
 * Runs the user data on a machine that has no programs but these; `docker` and its helper are there once dnf was well.
 * @param dnf lines of shell; `$attempt` is which call it is
 */
function boot(dnf: string, also: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'user-data-'))
  folders.push(folder)
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  const record = (name: string) => `echo "${name} $*" >>"${folder}/calls"\n`
  const program = (name: string, lines: string) => writeFileSync(join(bin, name), `#!/bin/sh\n${record(name)}${lines}\n`, { mode: 0o755 })
  program('dnf', `attempt=$(/usr/bin/grep -c ^dnf "${folder}/calls")\n${dnf}`)
  program('sleep', '')
  program('systemctl', '')
  for (const [name, lines] of Object.entries(also)) program(name, lines)
  for (const name of ['mkdir', 'chmod']) writeFileSync(join(bin, name), `#!/bin/sh\nexec /bin/${name} "$@"\n`, { mode: 0o755 })
  const { status } = spawnSync('/bin/sh', ['-c', userData(plain)], { env: { PATH: bin, MLOPS_ROOT: join(folder, 'root') } })
  const read = (path: string) => (existsSync(join(folder, path)) ? readFileSync(join(folder, path), 'utf8').trimEnd() : '')
  const calls = read('calls').split('\n')
  return { status, boot: read('root/boot'), calls, dnf: calls.filter((call) => call.startsWith('dnf')) }
}

test('packages that a mirror does not give are asked for again, with pauses that grow', () => {
  const ran = boot('[ "$attempt" -ge 3 ]')
  assert.equal([ran.status, ran.boot], [0, '0'])
  const install = 'dnf install -y docker amazon-ecr-credential-helper'
  assert.equal(ran.calls, [install, 'sleep 5', install, 'sleep 10', install, 'systemctl enable --now docker'])
})

test('a machine gives up after six attempts, and says that its first boot has failed', () => {
  const ran = boot('exit 1')
  assert.equal([ran.status, ran.boot, ran.dnf.length], [1, '1', 6])
  assert.is(ran.calls.filter((call) => call.startsWith('sleep')).length, 5)
})

test('a machine image that has docker is left as it is', () => {
  const ran = boot('exit 1', { docker: '', 'docker-credential-ecr-login': '' })
  assert.equal([ran.status, ran.boot, ran.calls], [0, '0', ['docker info']])
})

test('a machine with swap gets a file of that size, in fstab too, before anything is installed', () => {
  const root = mkdtempSync(join(tmpdir(), 'user-data-'))
  const bin = join(root, 'bin')
  mkdirSync(bin)
  for (const name of ['docker', 'docker-credential-ecr-login', 'mkswap', 'swapon', 'dnf']) {
    writeFileSync(join(bin, name), `#!/bin/sh\necho ${name} "$@" >>"${root}/ran"\n`)
    chmodSync(join(bin, name), 0o755)
  }
  execFileSync('sh', ['-c', userData(config)], { env: { PATH: `${bin}:${process.env.PATH}`, MLOPS_ROOT: root } })
  const file = join(root, 'swapfile')
  assert.is(statSync(file).size, 3 * 1024 ** 2)
  assert.is(statSync(file).mode & 0o777, 0o600)
  assert.is(readFileSync(join(root, 'etc/fstab'), 'utf8'), `${file} none swap sw 0 0\n`)
  assert.equal(readFileSync(join(root, 'ran'), 'utf8').split('\n'), [`mkswap ${file}`, `swapon ${file}`, 'docker info', ''])
  rmSync(root, { recursive: true })
})

test('a machine without swap gets none', () => {
  assert.not.match(userData(plain), 'swap')
})

test.run()
