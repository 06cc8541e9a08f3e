import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { hostArchitecture, hostLayer } from '../../../src/image/base/host.ts'
import { findProgram, parseLdd, programOnPath } from '../../../src/image/base/program.ts'
import { failureOf, tempFolder, untar } from '../../support/tiny-image.ts'

const linux = process.platform === 'linux'
const own = hostArchitecture()

/** A small real program of this machine under a name of our own, so that the test may change it. */
function program(folder: string): string {
  const path = join(folder, 'tool')
  copyFileSync(programOnPath('ls')!, path)
  chmodSync(path, 0o755)
  return path
}

test('a program is found on the PATH, and what is absent is undefined', () => {
  assert.ok(programOnPath('sh')?.startsWith('/'))
  assert.is(programOnPath('no-such-program-at-all'), undefined)
  assert.is(programOnPath('/etc/passwd'), undefined, 'a file that cannot be executed is no program')
  assert.is(programOnPath('node'), process.execPath, 'Node is the running one')
})

test('a program that is absent is a failure with the command that gets it', async () => {
  const { env } = process
  const path = env.PATH
  env.PATH = ''
  const failure = await failureOf(() => findProgram('prometheus'))
  env.PATH = path
  assert.is(failure.message, 'There is no program "prometheus" on the PATH of this machine.')
  assert.match(String(failure.details.next), /apt-get install prometheus/)
})

test('a script is refused: its interpreter would be missing in the image', async () => {
  const { folder, remove } = tempFolder({ script: '#!/bin/sh\n' })
  chmodSync(join(folder, 'script'), 0o755)
  assert.match((await failureOf(() => findProgram(join(folder, 'script')))).message, /is a script/)
  remove()
})

test('the libraries are read from what ldd prints, with the loader and without the kernel page', () => {
  const glibc =
    '\tlinux-vdso.so.1 (0x00007f6c)\n\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f6c)\n\t/lib64/ld-linux-x86-64.so.2 (0x00007f6d)\n'
  assert.equal(parseLdd(glibc, 'x'), ['/lib/x86_64-linux-gnu/libm.so.6', '/lib64/ld-linux-x86-64.so.2'])
  const musl = '\t/lib/ld-musl-x86_64.so.1 (0x7f)\n\tlibc.musl-x86_64.so.1 => /lib/ld-musl-x86_64.so.1 (0x7f)\n'
  assert.equal(parseLdd(musl, 'x'), ['/lib/ld-musl-x86_64.so.1'])
  assert.equal(parseLdd('\tstatically linked\n', 'x'), [])
  assert.throws(() => parseLdd('\tlibfoo.so.1 => not found\n', 'x'), /lacks a library on this machine: libfoo\.so\.1/)
})

test('the layer has the program, its libraries where it looks for them, users and a writable /tmp', async () => {
  const { folder, remove } = tempFolder()
  const { layer, program: path } = await hostLayer(program(folder), own, join(folder, 'cache'))
  const entries = await untar(layer)
  const names = entries.map(({ header }) => header.name)
  assert.is(path, '/bin/tool')
  for (const name of ['bin/tool', 'etc/passwd', 'etc/group', 'tmp/']) assert.ok(names.includes(name), name)
  assert.is(entries.find(({ header }) => header.name === 'tmp/')?.header.mode, 0o1777)
  if (linux) for (const { path } of (await findProgram('ls')).libraries) assert.ok(names.includes(path.slice(1)), path)
  remove()
})

test('the second time the layer comes from the cache, and a changed program makes a new one', async () => {
  const { folder, remove } = tempFolder()
  const [tool, cache] = [program(folder), join(folder, 'cache')]
  const first = await hostLayer(tool, own, cache)
  const [archive] = readdirSync(cache).filter((name) => name.endsWith('.tar'))
  const made = statSync(join(cache, archive!)).mtimeMs
  const second = await hostLayer(tool, own, cache)
  assert.is(second.layer.digest, first.layer.digest)
  assert.is(statSync(join(cache, archive!)).mtimeMs, made, 'nothing was written')
  utimesSync(tool, 1, 1)
  const third = await hostLayer(tool, own, cache)
  assert.is(third.layer.digest, first.layer.digest, 'times are no part of the layer')
  assert.equal(readdirSync(cache).filter((name) => name.endsWith('.tar')).length, 1, 'the old layer is gone')
  assert.not.ok(existsSync(join(cache, archive!)))
  remove()
})

test('a cache that lost its layer, or whose note is empty, is filled again', async () => {
  const { folder, remove } = tempFolder()
  const [tool, cache] = [program(folder), join(folder, 'cache')]
  const { layer } = await hostLayer(tool, own, cache)
  const [archive] = readdirSync(cache).filter((name) => name.endsWith('.tar'))
  rmSync(join(cache, archive!))
  assert.is((await hostLayer(tool, own, cache)).layer.digest, layer.digest)
  assert.ok(existsSync(join(cache, archive!)))
  writeFileSync(join(cache, 'host-tool.json'), '')
  assert.is((await hostLayer(tool, own, cache)).layer.digest, layer.digest)
  remove()
})

test('half an archive that a killed build left is removed once it is old', async () => {
  const { folder, remove } = tempFolder()
  const cache = join(folder, 'cache')
  const old = join(cache, `host-tool-${'0'.repeat(16)}.tar.x.part`)
  const young = join(cache, `host-tool-${'1'.repeat(16)}.tar.x.part`)
  mkdirSync(cache)
  for (const file of [old, young]) writeFileSync(file, '')
  utimesSync(old, 1, 1)
  await hostLayer(program(folder), own, cache)
  assert.equal([existsSync(old), existsSync(young)], [false, true])
  remove()
})

test('folders that the program needs lie at the same place, readable for everybody', async () => {
  const { folder, remove } = tempFolder({ 'share/web/index.html': '<p>' })
  const share = join(folder, 'share')
  chmodSync(join(share, 'web/index.html'), 0o600)
  symlinkSync('web', join(share, 'link'))
  const { layer } = await hostLayer(program(folder), own, join(folder, 'cache'), [share])
  const entries = (await untar(layer)).filter(({ header }) => header.name.startsWith(share.slice(1)))
  const place = share.slice(1)
  assert.equal(
    entries.map(({ header }) => [header.name, header.type, header.mode]),
    [
      [`${place}/`, 'directory', 0o755],
      [`${place}/link`, 'symlink', 0o777],
      [`${place}/web/`, 'directory', 0o755],
      [`${place}/web/index.html`, 'file', 0o644],
    ],
  )
  remove()
})

test('what a link outside of such a folder leads to stands in its place; a link that leads nowhere or in a circle stays', async () => {
  const { folder, remove } = tempFolder({ 'share/page.html': '<p>', 'libraries/jquery/jquery.js': '$' })
  const at = (path: string) => join(folder, path)
  symlinkSync('../libraries/jquery', at('share/jquery'))
  symlinkSync('jquery.js', at('libraries/jquery/index.js'))
  symlinkSync('..', at('libraries/jquery/up'))
  symlinkSync('../../share', at('libraries/jquery/back'))
  symlinkSync('/nowhere', at('share/dangling'))
  const { layer } = await hostLayer(program(folder), own, at('cache'), [at('share')])
  const place = at('share').slice(1)
  const found = (await untar(layer)).filter(({ header }) => header.name.startsWith(place))
  const jquery = found.filter(({ header }) => /\/jquery\/(jquery|index)\.js$/.test(header.name))
  assert.equal(
    jquery.map(({ header }) => [header.name, header.type]).filter(([name]) => !name?.includes('/up/')),
    [
      [`${place}/jquery/index.js`, 'file'],
      [`${place}/jquery/jquery.js`, 'file'],
    ],
  )
  const links = found.filter(({ header }) => header.type === 'symlink').map(({ header }) => header.name.slice(place.length))
  assert.ok(links.includes('/dangling'))
  assert.ok(links.includes('/jquery/back'))
  remove()
})

test('another architecture than this machine has is refused', async () => {
  const failure = await failureOf(() => hostLayer('node', own === 'amd64' ? 'arm64' : 'amd64', '/nowhere'))
  assert.match(failure.message, /makes \w+ images on this machine, but the instance needs/)
})

test('Node runs in a root filesystem that holds nothing but the layer', async () => {
  const { folder, remove } = tempFolder()
  const { layer, program } = await hostLayer('node', own, join(folder, 'cache'))
  assert.is(program, '/usr/local/bin/node')
  const root = join(folder, 'root')
  mkdirSync(root)
  await pipeline(await layer.open(), createWriteStream(join(folder, 'layer.tar')))
  assert.is(spawnSync('tar', ['xf', join(folder, 'layer.tar'), '-C', root]).status, 0)
  const inside = ['--user', '--map-root-user', 'chroot', root, program, '-p', '"node " + require("node:os").tmpdir()']
  const ran = spawnSync('unshare', inside, { encoding: 'utf8' })
  if (ran.error || ran.stderr.includes('unshare'))
    console.log('\nskipped: this machine lets nobody change the root folder without being root')
  else assert.is(ran.stdout, 'node /tmp\n', ran.stderr)
  remove()
})

test.run()
