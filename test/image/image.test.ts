import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { stop } from 'esbuild'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { hostArchitecture } from '../../src/image/base/host.ts'
import { programOnPath } from '../../src/image/base/program.ts'
import { buildFilesImage, buildServiceImage } from '../../src/image/image.ts'
import { pushImage } from '../../src/image/registry/push.ts'
import { type RunningRegistry, startRegistry } from '../support/registry.ts'
import { failureOf, tempFolder, tinyImage, untar } from '../support/tiny-image.ts'

const architecture = hostArchitecture()
const source = {
  'services/a/server.ts': "import { word } from './word.ts'; console.log(word)",
  'services/a/word.ts': "export const word: string = 'x'",
}

/** A public registry with one base image in it. */
let upstream: RunningRegistry
let base: string

test.before(async () => {
  upstream = await startRegistry()
  upstream.call('CreateRepository', { repositoryName: 'base' })
  const image = await tinyImage('base', [{ path: '/usr/local/bin/node', content: 'node', mode: 0o755 }])
  const pushed = await pushImage(image, { registry: upstream.origin, repository: 'base', authorization: upstream.authorization() })
  // The base is read without a login, as public images are.
  const authorization = upstream.authorization()
  upstream.interfere((req) => {
    req.headers.authorization ??= authorization
    return false
  })
  base = pushed.reference
})

test.after(async () => {
  await upstream.close()
  stop()
})

const configOf = async (image: { config: { open(): Promise<NodeJS.ReadableStream> } }) =>
  JSON.parse((await buffer(await image.config.open())).toString())

function build(folder: string, cacheFolder = join(folder, 'cache')) {
  const entry = join(folder, 'services/a/server.ts')
  return buildServiceImage({ name: 'a', entry, projectFolder: folder, base, architecture: 'amd64', cacheFolder })
}

test('small files lie beside the bundle where every user may read them', async () => {
  const { folder, remove } = tempFolder(source)
  const options = { name: 'a', projectFolder: folder, base, architecture: 'amd64', cacheFolder: join(folder, 'cache') }
  const entry = join(folder, 'services/a/server.ts')
  const image = await buildServiceImage({ ...options, entry, files: { '/app/schema.json': '{}' } })
  const entries = await untar(image.layers.at(-1)!)
  const found = entries.find(({ header }) => header.name === 'app/schema.json')
  assert.is(found?.header.mode, 0o644)
  remove()
})

test('the image of a service is its bundle on the base, run by Node as a user without rights', async () => {
  const { folder, remove } = tempFolder(source)
  const image = await build(folder)
  assert.equal(await configOf(image), {
    architecture: 'amd64',
    config: {
      Cmd: [],
      Entrypoint: ['/usr/local/bin/node', '--disable-warning=ExperimentalWarning', '/app/server.mjs'],
      Env: ['A=1', 'NODE_ENV=production', 'HOST=0.0.0.0', 'DATA_DIR=/data', 'MALLOC_ARENA_MAX=1'],
      User: '1000:1000',
      WorkingDir: '/app',
    },
    created: '1970-01-01T00:00:00Z',
    history: [
      { created: '1970-01-01T00:00:00Z', created_by: 'test' },
      { created: '1970-01-01T00:00:00Z', created_by: 'service bundle' },
    ],
    os: 'linux',
    rootfs: { diff_ids: image.layers.map(({ diffId }) => diffId), type: 'layers' },
  })
  const entries = await untar(image.layers[1]!)
  assert.equal(
    entries.map(({ header: { name, uid, gid, mode } }) => [name, uid, gid, mode]),
    [
      ['app/', 0, 0, 0o755],
      ['app/server.mjs', 0, 0, 0o644],
      ['data/', 1000, 1000, 0o755],
    ],
  )
  const manifest = JSON.parse(image.manifest.toString())
  assert.equal(Object.keys(manifest), ['config', 'layers', 'mediaType', 'schemaVersion'])
  assert.is(manifest.config.digest, image.config.digest)
  assert.is(image.platform, 'linux/amd64')
  remove()
})

test('the same source gives the same digest in another folder and on another day, and other source another one', async () => {
  const [one, two] = [tempFolder(source), tempFolder(source)]
  const { now } = Date
  const first = await build(one.folder)
  Date.now = () => now() + 86_400_000
  const second = await build(two.folder)
  Date.now = now
  assert.is(second.digest, first.digest)
  writeFileSync(join(two.folder, 'services/a/word.ts'), "export const word: string = 'y'")
  assert.is.not((await build(two.folder)).digest, first.digest)
  one.remove()
  two.remove()
})

test('the base is looked up once and its layers are not downloaded', async () => {
  const { folder, remove } = tempFolder(source)
  const before = upstream.requests.length
  await Promise.all([build(folder), build(folder)])
  await build(folder)
  const asked = upstream.requests.slice(before).map((line) => line.replace(/sha256:\w+/, 'DIGEST'))
  assert.equal(asked, ['GET /v2/base/manifests/DIGEST', 'GET /v2/base/blobs/DIGEST'])
  remove()
})

test('generated files go on a base that keeps its own environment, or has what is given', async () => {
  const { folder, remove } = tempFolder()
  const common = {
    name: 'prometheus',
    base,
    architecture: 'amd64',
    cacheFolder: join(folder, 'cache'),
    files: { '/etc/prometheus/prometheus.yml': 'a: 1\n' },
  }
  const plain = await buildFilesImage(common)
  assert.equal((await configOf(plain)).config, { Env: ['A=1'] })
  assert.equal(
    (await untar(plain.layers[1]!)).map(({ header, text }) => [header.name, header.mode, text]),
    [['etc/prometheus/prometheus.yml', 0o644, 'a: 1\n']],
  )
  const changed = await buildFilesImage({
    ...common,
    entrypoint: ['/bin/prometheus'],
    environment: { A: '2', B: '3' },
    user: '65534:65534',
    workingDirectory: '/prometheus',
    directories: [{ path: '/prometheus', mode: 0o700, uid: 65534, gid: 65534 }],
  })
  assert.equal((await configOf(changed)).config, {
    Cmd: [],
    Entrypoint: ['/bin/prometheus'],
    Env: ['A=2', 'B=3'],
    User: '65534:65534',
    WorkingDir: '/prometheus',
  })
  assert.equal((await untar(changed.layers[1]!)).map(({ header: { name, uid, mode } }) => [name, uid, mode])[1], [
    'prometheus/',
    65534,
    0o700,
  ])
  assert.equal((await configOf(await buildFilesImage({ ...common, cmd: ['--x'] }))).config, { Env: ['A=1'], Cmd: ['--x'] })
  remove()
})

test('a program of this machine is a base too', async () => {
  const { folder, remove } = tempFolder()
  copyFileSync(programOnPath('ls')!, join(folder, 'tool'))
  chmodSync(join(folder, 'tool'), 0o755)
  const image = await buildFilesImage({
    name: 'tool',
    base: 'host',
    program: join(folder, 'tool'),
    cmd: ['--version'],
    architecture,
    cacheFolder: join(folder, 'cache'),
    files: { '/etc/tool.conf': '' },
  })
  const { config } = await configOf(image)
  assert.equal([config.Entrypoint, config.Cmd, config.User], [['/bin/tool'], ['--version'], '1000:1000'])
  assert.match(config.Env[0], /^PATH=\//)
  remove()
})

test('a service on base host has the running Node below its bundle', async () => {
  const { folder, remove } = tempFolder(source)
  const entry = join(folder, 'services/a/server.ts')
  const options = { name: 'a', entry, projectFolder: folder, base: 'host', architecture, cacheFolder: join(folder, 'cache') }
  const started = performance.now()
  const [one, two] = await Promise.all([buildServiceImage(options), buildServiceImage({ ...options, name: 'b' })])
  const took = performance.now() - started
  assert.is(one.digest, two.digest)
  assert.is(one.layers.length, 2)
  assert.ok(one.layers[0]!.size > 50_000_000, `${one.layers[0]!.size} bytes`)
  assert.ok(took < 10_000, `built in ${took} ms`)
  remove()
})

test('a program that is not on this machine is a failure that names it', async () => {
  const { folder, remove } = tempFolder()
  const failure = await failureOf(() =>
    buildFilesImage({ name: 'no-such-program', base: 'host', architecture, cacheFolder: folder, files: {} }),
  )
  assert.match(failure.message, /There is no program "no-such-program"/)
  remove()
})

test('an entry that is a link is built as the file it points to', async () => {
  const { folder, remove } = tempFolder({ 'real/server.ts': 'console.log(1)' })
  mkdirSync(join(folder, 'services'), { recursive: true })
  symlinkSync('../real', join(folder, 'services/a'))
  const text = (await untar((await build(folder)).layers[1]!))[1]!.text
  assert.match(text, /^\/\/ real\/server\.ts$/m)
  remove()
})

test.run()
