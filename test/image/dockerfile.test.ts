import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { digestOf } from '../../src/image/blob.ts'
import { buildDockerfileImage, imageFromArchive } from '../../src/image/dockerfile.ts'
import { memoryLayer } from '../../src/image/layer.ts'
import { failureOf, tempFolder } from '../support/tiny-image.ts'

/**
 * An archive as `docker save` writes it; one layer plain, one compressed, one named twice by a link as older versions
 * do.
 */
async function archive(folder: string): Promise<{ file: string; layers: Buffer[] }> {
  const plain = await memoryLayer([{ path: '/one', content: '1' }])
  const other = await memoryLayer([{ path: '/two', content: '2' }])
  const layers = [await buffer(await plain.open()), gzipSync(await buffer(await other.open()))]
  const config = JSON.stringify({
    architecture: 'amd64',
    os: 'linux',
    config: { Env: ['A=1'] },
    rootfs: { type: 'layers', diff_ids: [plain.digest, other.digest, plain.digest] },
  })
  const from = join(folder, 'saved')
  mkdirSync(join(from, 'blobs'), { recursive: true })
  writeFileSync(join(from, 'config.json'), config)
  layers.forEach((bytes, index) => {
    writeFileSync(join(from, 'blobs', String(index)), bytes)
  })
  spawnSync('ln', ['-s', '../blobs/0', join(from, 'blobs', '2')])
  writeFileSync(
    join(from, 'manifest.json'),
    JSON.stringify([{ Config: 'config.json', RepoTags: null, Layers: ['blobs/0', 'blobs/1', 'blobs/2'] }]),
  )
  const file = join(folder, 'saved.tar')
  assert.is(spawnSync('tar', ['cf', file, '-C', from, 'blobs', 'config.json', 'manifest.json']).status, 0)
  return { file, layers }
}

/** A program called docker that does as docker does, from a script; `work` runs with it alone in front of the PATH. */
async function withDocker<T>(folder: string, script: string | undefined, work: () => Promise<T>): Promise<T> {
  const { PATH } = process.env
  const bin = join(folder, 'bin')
  mkdirSync(bin, { recursive: true })
  if (script !== undefined) {
    writeFileSync(join(bin, 'docker'), `#!/bin/sh\n${script}`)
    chmodSync(join(bin, 'docker'), 0o755)
  }
  process.env.PATH = script === undefined ? bin : [bin, PATH].join(delimiter)
  try {
    return await work()
  } finally {
    process.env.PATH = PATH
  }
}

test('an archive of docker becomes an image with the same config and layers, whatever their compression', async () => {
  const { folder, remove } = tempFolder()
  const { file, layers } = await archive(folder)
  const image = await imageFromArchive('a', file, join(folder, 'saved'))
  assert.equal(
    image.layers.map(({ digest, mediaType }) => [digest, mediaType]),
    [
      [digestOf(layers[0]!), 'application/vnd.oci.image.layer.v1.tar'],
      [digestOf(layers[1]!), 'application/vnd.oci.image.layer.v1.tar+gzip'],
      [digestOf(layers[0]!), 'application/vnd.oci.image.layer.v1.tar'],
    ],
  )
  assert.is(image.layers[1]!.diffId, (await memoryLayer([{ path: '/two', content: '2' }])).digest)
  assert.is(
    createHash('sha256')
      .update(await buffer(await image.layers[1]!.open()))
      .digest('hex'),
    image.layers[1]!.digest.slice(7),
  )
  assert.is(image.config.digest, digestOf(readFileSync(join(folder, 'saved/config.json'))))
  assert.is(image.platform, 'linux/amd64')
  remove()
})

test('a service with a dockerfile is built for the platform, saved and taken over, and only its layers stay', async () => {
  const { folder, remove } = tempFolder({ 'services/a/Dockerfile': 'FROM scratch' })
  const { file } = await archive(folder)
  const script = `echo "$*" >> ${folder}/calls
case $1 in
  build) echo "step 1" >&2; printf sha256:abc > "$5" ;;
  save) cp ${file} "$3" ;;
esac`
  const lines: string[] = []
  const options = {
    name: 'a',
    dockerfile: join(folder, 'services/a/Dockerfile'),
    projectFolder: folder,
    architecture: 'arm64',
    cacheFolder: join(folder, 'cache'),
  }
  const image = await withDocker(folder, script, () => buildDockerfileImage({ ...options, line: (text) => lines.push(text) }))
  assert.is(image.layers.length, 3)
  assert.equal(lines, ['step 1'])
  const calls = readFileSync(join(folder, 'calls'), 'utf8').replaceAll(/[0-9a-f-]{36}/g, 'UUID')
  const context = dirname(options.dockerfile)
  assert.is(
    calls,
    `build --platform linux/arm64 --iidfile ${folder}/cache/docker/UUID.id --file ${context}/Dockerfile ${context}\nsave --output ${folder}/cache/docker/UUID.tar sha256:abc\n`,
  )
  assert.equal(readdirSync(join(folder, 'cache/docker')).sort(), [...new Set(image.layers.map(({ digest }) => digest.slice(7)))].sort())
  remove()
})

test('without docker, with an engine that does not answer, and with a build that fails, the failure says which', async () => {
  const { folder, remove } = tempFolder({ Dockerfile: 'FROM scratch' })
  const options = { name: 'a', dockerfile: join(folder, 'Dockerfile'), projectFolder: folder, architecture: 'amd64', cacheFolder: folder }
  const build = () => failureOf(() => buildDockerfileImage(options))

  const none = await withDocker(folder, undefined, build)
  assert.is(none.message, 'The image of a could not be built: there is no docker on the PATH of this machine.')
  assert.match(String(none.details.next), /^Install docker/)

  const unreachable = await withDocker(
    folder,
    'echo "ERROR: Cannot connect to the Docker daemon at unix:///var/run/docker.sock." >&2; exit 1',
    build,
  )
  assert.is(unreachable.details.next, 'docker info')

  const failed = await withDocker(folder, 'echo one >&2; echo two >&2; exit 17', build)
  assert.is(failed.message, 'The image of a could not be built: docker build ended with exit code 17.')
  assert.equal(failed.details.log, ['one', 'two'])
  assert.is(failed.details.on, 'service a (Dockerfile)')
  assert.is(failed.details.next, undefined)
  remove()
})

test('an archive in another form is refused', async () => {
  const { folder, remove } = tempFolder({ 'x/other': '' })
  const file = join(folder, 'x.tar')
  spawnSync('tar', ['cf', file, '-C', join(folder, 'x'), 'other'])
  assert.match((await failureOf(() => imageFromArchive('a', file, folder))).message, /in a form that we do not know/)
  remove()
})

test.run()
