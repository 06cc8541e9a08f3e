import { spawnSync } from 'node:child_process'
import { copyFileSync, cpSync, createWriteStream, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { stop } from 'esbuild'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readBinary } from '../../../src/image/base/binary.ts'
import { hostArchitecture } from '../../../src/image/base/host.ts'
import { nativeFiles } from '../../../src/image/base/native.ts'
import type { Image, Layer } from '../../../src/image/blob.ts'
import { bundle } from '../../../src/image/bundle.ts'
import { buildServiceImage } from '../../../src/image/image.ts'
import { failureOf, tempFolder, untar } from '../../support/tiny-image.ts'

const modules = join(import.meta.dirname, '..', '..', '..', 'node_modules')
const runtime = join(modules, 'onnxruntime-node')
const architecture = hostArchitecture()
const linux = process.platform === 'linux'

const source = {
  'services/a/server.ts':
    "import { InferenceSession } from 'onnxruntime-node'; import pino from 'pino'; console.log(typeof InferenceSession.create, typeof pino)",
  'services/a/model/weights.bin': '123',
  'services/a/model/deep/notes.json': '{}',
}

function project(files: Readonly<Record<string, string>> = source) {
  const made = tempFolder(files)
  symlinkSync(modules, join(made.folder, 'node_modules'))
  return made
}

function build(folder: string, service = 'a'): Promise<Image> {
  const entry = join(folder, `services/${service}/server.ts`)
  return buildServiceImage({ name: service, entry, projectFolder: folder, base: 'host', architecture, cacheFolder: join(folder, 'cache') })
}

async function unpack(layers: readonly Layer[], root: string): Promise<void> {
  mkdirSync(root, { recursive: true })
  for (const layer of layers) {
    await pipeline(await layer.open(), createWriteStream(`${root}.tar`))
    assert.is(spawnSync('tar', ['xf', `${root}.tar`, '-C', root]).status, 0)
  }
}

/** A package with an addon that is a copy of a real one. */
function addonPackage(folder: string, name: string, manifest = '{"main":"index.js"}') {
  const root = join(folder, 'node_modules', name)
  mkdirSync(join(root, 'build'), { recursive: true })
  copyFileSync(join(runtime, 'bin/napi-v6/linux/arm64/onnxruntime_binding.node'), join(root, 'build/addon.node'))
  writeFileSync(join(root, 'package.json'), manifest)
  writeFileSync(join(root, 'index.js'), "module.exports = require('./build/addon.node')")
  return root
}

const shown = async (layer: Layer) => (await untar(layer)).map(({ header: { name, mode } }) => ({ name, mode }))

test('a package with native code becomes a layer of its own, with what runs on the platform and nothing else', async () => {
  const { folder, remove } = project()
  const image = await build(folder)
  assert.is(image.layers.length, 4)
  const files = await shown(image.layers[1]!)
  const binaries = files.filter(({ name }) => /\.(node|dll|dylib)$|\.so/.test(name) && name.startsWith('app/'))
  const place = `app/node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}`
  if (linux)
    assert.equal(
      binaries.map(({ name }) => name),
      [`${place}/libonnxruntime.so.1`, `${place}/onnxruntime_binding.node`],
    )
  assert.ok(files.every(({ mode }) => mode === 0o644))
  assert.not.ok(
    files.some(({ name }) => /\.d\.ts$|\.map$|\.md$|adm-zip|global-agent/.test(name)),
    'nothing that only installing needs',
  )
  assert.ok(image.layers[1]!.size < 60_000_000, `${image.layers[1]!.size} bytes`)
  remove()
})

test('the files of the model folder beside the entry are at /app/model', async () => {
  const { folder, remove } = project()
  const image = await build(folder)
  assert.equal(await shown(image.layers[2]!), [
    { name: 'app/model/deep/notes.json', mode: 0o644 },
    { name: 'app/model/weights.bin', mode: 0o644 },
  ])
  remove()
})

test('the same packages give the same layers in another folder and for another service, and other source leaves them as they are', async () => {
  const [one, two] = [project(), project({ ...source, 'services/b/server.ts': "import 'onnxruntime-node'; console.log(2)" })]
  const [first, second] = [await build(one.folder), await build(two.folder)]
  assert.is(first.digest, second.digest)
  writeFileSync(join(two.folder, 'services/a/server.ts'), `${source['services/a/server.ts']}; console.log('new')`)
  const [changed, other] = await Promise.all([build(two.folder), build(two.folder, 'b')])
  assert.equal(
    changed.layers.slice(0, 3).map(({ digest }) => digest),
    first.layers.slice(0, 3).map(({ digest }) => digest),
  )
  assert.is.not(changed.layers[3]!.digest, first.layers[3]!.digest)
  assert.is(other.layers[1]!.digest, first.layers[1]!.digest)
  writeFileSync(join(two.folder, 'services/a/model/weights.bin'), '1234')
  assert.is.not((await build(two.folder)).layers[2]!.digest, first.layers[2]!.digest)
  one.remove()
  two.remove()
})

test('the image runs in a root filesystem that holds nothing but its layers', async () => {
  const { folder, remove } = project()
  const image = await build(folder)
  const root = join(folder, 'root')
  await unpack(image.layers, root)
  const inside = ['--user', '--map-root-user', 'chroot', root, '/usr/local/bin/node', '/app/server.mjs']
  const ran = spawnSync('unshare', inside, { encoding: 'utf8' })
  if (ran.error || ran.stderr.includes('unshare')) {
    console.log('\nskipped: this machine lets nobody change the root folder without being root')
    const plain = spawnSync(process.execPath, [join(root, 'app/server.mjs')], { encoding: 'utf8' })
    assert.is(plain.stdout, 'function function\n', plain.stderr)
  } else assert.is(ran.stdout, 'function function\n', ran.stderr)
  remove()
})

test('the binaries are the ones for the machine that the image is for, whatever machine builds it', async () => {
  const { folder, remove } = project()
  const { natives } = await bundle('a', join(folder, 'services/a/server.ts'), folder)
  assert.equal(
    natives.map(({ name }) => name),
    ['onnxruntime-node'],
  )
  for (const [os, architecture, place, library] of [
    ['linux', 'amd64', 'linux/x64', 'libonnxruntime.so.1'],
    ['linux', 'arm64', 'linux/arm64', 'libonnxruntime.so.1'],
    ['darwin', 'arm64', 'darwin/arm64', 'libonnxruntime.1.dylib'],
  ] as const) {
    const paths = (await nativeFiles(natives[0]!, { os, architecture })).map(({ path }) => path)
    assert.ok(paths.includes(`/app/node_modules/onnxruntime-node/bin/napi-v6/${place}/${library}`))
    assert.ok(
      paths.every((path) => !path.includes('/bin/') || path.includes(`/${place}/`)),
      paths.join(' '),
    )
  }
  const failure = await failureOf(() => nativeFiles(natives[0]!, { os: 'linux', architecture: 'riscv64' }))
  assert.is(failure.message, 'The package onnxruntime-node has no binaries for linux/riscv64.')
  remove()
})

test('a library that lies beside an addon but that it is not linked against stays here', async () => {
  const { folder, remove } = tempFolder({ 'server.ts': "import addon from 'addon'; console.log(addon)" })
  const root = addonPackage(folder, 'addon')
  for (const name of ['libonnxruntime.so.1', 'libcuda_extras.so'])
    copyFileSync(join(runtime, 'bin/napi-v6/linux/arm64/libonnxruntime.so.1'), join(root, 'build', name))
  const { natives } = await bundle('a', join(folder, 'server.ts'), folder)
  const files = await nativeFiles(natives[0]!, { os: 'linux', architecture: 'arm64' })
  assert.equal(files.map(({ file }) => basename(file)).sort(), ['addon.node', 'index.js', 'libonnxruntime.so.1', 'package.json'])
  remove()
})

test('what a native package imports comes with it, from wherever it is installed', async () => {
  const { folder, remove } = tempFolder({
    'server.ts': "import addon from '@scope/addon'; console.log(addon)",
    'node_modules/beside/package.json': '{"main":"lib/main.js"}',
    'node_modules/beside/lib/main.js': 'module.exports = 1',
    'node_modules/beside/other.js': '',
  })
  const root = addonPackage(folder, '@scope/addon')
  cpSync(join(folder, 'node_modules/beside'), join(root, 'node_modules/inside'), { recursive: true })
  writeFileSync(
    join(root, 'index.js'),
    "require('./build/addon.node'); require('inside'); require('beside'); try { require('absent') } catch {}",
  )
  const { natives } = await bundle('a', join(folder, 'server.ts'), folder)
  const files = await nativeFiles(natives[0]!, { os: 'linux', architecture: 'arm64' })
  assert.equal(files.map(({ path }) => path.slice('/app/node_modules/'.length)).sort(), [
    '@scope/addon/build/addon.node',
    '@scope/addon/index.js',
    '@scope/addon/node_modules/inside/lib/main.js',
    '@scope/addon/node_modules/inside/package.json',
    '@scope/addon/package.json',
    'beside/lib/main.js',
    'beside/package.json',
  ])
  remove()
})

test('two versions of a native package are refused, with where they lie', async () => {
  const { folder, remove } = tempFolder({
    'server.ts': "import 'addon'; import 'user'",
    'node_modules/user/package.json': '{"main":"index.js"}',
    'node_modules/user/index.js': "require('addon')",
  })
  addonPackage(folder, 'addon')
  addonPackage(join(folder, 'node_modules/user'), 'addon')
  const failure = await failureOf(() => bundle('a', join(folder, 'server.ts'), folder))
  assert.match(failure.message, /^The service a imports two versions of addon/)
  assert.is((failure.details.log as string[]).length, 2)
  remove()
})

test('a file that is no binary is none', async () => {
  const { folder, remove } = tempFolder({ short: 'x', long: 'x'.repeat(100) })
  assert.is(await readBinary(join(folder, 'short')), undefined)
  assert.is(await readBinary(join(folder, 'long')), undefined)
  for (const [name, head] of [
    ['elf', '7f454c4602010100'],
    ['mach', 'cffaedfe00000000'],
  ] as const) {
    writeFileSync(join(folder, name), Buffer.concat([Buffer.from(head, 'hex'), Buffer.alloc(100)]))
    assert.is(await readBinary(join(folder, name)), undefined, `${name} of a machine that we do not know`)
  }
  remove()
})

test.after(() => stop())
test.run()
