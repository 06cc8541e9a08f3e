import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { userData } from '../../../src/release/stage/user-data.ts'
import { configOf } from '../config.fixture.ts'

const config = configOf({ instance: { swapMiB: 3 } })
const plain = configOf()
test.after(() => {
  for (const { folder } of [config, plain]) rmSync(folder, { recursive: true })
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
