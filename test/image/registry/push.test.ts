import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { programOnPath } from '../../../src/image/base/program.ts'
import type { Image } from '../../../src/image/blob.ts'
import { fileLayer } from '../../../src/image/layer.ts'
import { assemble } from '../../../src/image/manifest.ts'
import { contentTag, pushImage, type Target } from '../../../src/image/registry/push.ts'
import { startDockerRegistry } from '../../support/docker-registry.ts'
import { puller, type RunningRegistry, startRegistry } from '../../support/registry.ts'
import { bare, failureOf, tempFolder, tinyImage } from '../../support/tiny-image.ts'

let registry: RunningRegistry
let names = 0

test.before(async () => {
  registry = await startRegistry()
})

test.before.each(() => registry.interfere(() => false))

test.after(() => registry.close())

/** A repository that no other test uses. */
function repository(imageTagMutability = 'IMMUTABLE'): Target {
  const repositoryName = `app/service-${++names}`
  registry.call('CreateRepository', { repositoryName, imageTagMutability })
  return { registry: registry.origin, repository: repositoryName, authorization: registry.authorization() }
}

const base = [{ path: '/base', content: 'base' }]
const image = (text: string): Promise<Image> => tinyImage('service', base, [{ path: '/app/server.mjs', content: text }])

/** What was asked of the registry while `work` ran, shortened. */
async function requestsOf(work: () => Promise<unknown>): Promise<string[]> {
  const before = registry.requests.length
  await work()
  return registry.requests
    .slice(before)
    .map((line) =>
      line.replace(/ \/v2\/app\/service-\d+\//, ' ').replace(/(sha256:|sha-)?[0-9a-f-]{12,}.*/, (_all, kind = '') => `${kind}…`),
    )
}

test('a new image is uploaded whole, its manifest last and under a tag of its content', async () => {
  const target = repository()
  const pushed = await image('one')
  const requests = await requestsOf(async () => {
    assert.equal(await pushImage(pushed, target), {
      digest: pushed.digest,
      reference: `${registry.host}/${target.repository}@${pushed.digest}`,
      uploadedBytes: pushed.config.size + pushed.layers[0]!.size + pushed.layers[1]!.size,
      uploadedBlobs: 3,
      presentBlobs: 0,
    })
  })
  assert.is(requests[0], 'HEAD manifests/sha256:…')
  assert.is(requests.at(-1), 'PUT manifests/sha-…')
  assert.is(requests.filter((line) => line.startsWith('PUT blobs/uploads/')).length, 3)
  const imageIds = [{ imageDigest: pushed.digest, imageTag: contentTag(pushed.digest) }]
  assert.equal(registry.call('ListImages', { repositoryName: target.repository }).imageIds, imageIds)
})

test('an image that is there costs one request', async () => {
  const target = repository()
  await pushImage(await image('one'), target)
  const requests = await requestsOf(async () => {
    const { uploadedBytes, uploadedBlobs, presentBlobs } = await pushImage(await image('one'), target)
    assert.equal([uploadedBytes, uploadedBlobs, presentBlobs], [0, 0, 3])
  })
  assert.equal(requests, ['HEAD manifests/sha256:…'])
})

test('of a changed image only the changed blobs are uploaded', async () => {
  const target = repository()
  await pushImage(await image('one'), target)
  const { uploadedBlobs, presentBlobs } = await pushImage(await image('two'), target)
  assert.equal([uploadedBlobs, presentBlobs], [2, 1])
})

test('two images that share a layer and go to one repository at once send it once', async () => {
  const target = repository()
  const images = [await image('one'), await image('two')]
  const requests = await requestsOf(() => Promise.all(images.map((each) => pushImage(each, target))))
  assert.is(requests.filter((line) => line.startsWith('PUT blobs/uploads/')).length, 5)
})

test('503, 429 and broken connections are tried again until the image is there', async () => {
  const target = repository()
  const troubles = new Map<string, number>()
  registry.interfere((req, res) => {
    const kind = `${req.method} ${/manifests|uploads|blobs\/sha256/.exec(req.url!.slice(3 + target.repository.length))}`
    const count = (troubles.get(kind) ?? 0) + 1
    troubles.set(kind, count)
    if (count > 1) return false
    if (kind === 'PUT uploads') req.socket.destroy()
    else if (kind === 'POST uploads') res.writeHead(429, { 'retry-after': '0' }).end()
    else res.writeHead(503).end('busy')
    return true
  })
  const pushed = await pushImage(await image('one'), target)
  assert.is(pushed.uploadedBlobs, 3)
  assert.equal([...troubles.keys()].sort(), ['HEAD blobs/sha256', 'HEAD manifests', 'POST uploads', 'PUT manifests', 'PUT uploads'])
})

test('a lost answer to the manifest does not fail the push, though the tag is immutable', async () => {
  const target = repository()
  let lost = false
  registry.interfere((req, res) => {
    if (req.method === 'PUT' && req.url!.includes('/manifests/') && !lost) {
      lost = true
      // The registry does its work, and the connection breaks before the client hears of it.
      res.end = (() => res.destroy()) as unknown as typeof res.end
    }
    return false
  })
  await pushImage(await image('one'), target)
  assert.ok(lost)
})

test('an immutable tag that names another image is a failure that says so', async () => {
  const target = { ...repository(), tag: 'v1' }
  await pushImage(await image('one'), target)
  const failure = await failureOf(async () => pushImage(await image('two'), target))
  assert.match(
    failure.message,
    /did not take the manifest of service as app\/service-\d+:v1: 400 TAG_INVALID: The image tag 'v1' already exists/,
  )
  assert.match(String(failure.details.likely), /The tag v1 names another image already/)
  await pushImage(await image('two'), { ...target, repository: repository('MUTABLE').repository })
})

test('a refusal is not tried again, and is told with repository, blob, status and words', async () => {
  const target = { registry: registry.origin, repository: 'app/none', authorization: registry.authorization() }
  const requests = await requestsOf(async () => {
    const failure = await failureOf(async () => pushImage(await tinyImage('service', base), target))
    assert.match(
      failure.message,
      /^127\.0\.0\.1:\d+ did not take sha256:[0-9a-f]{64} of service into app\/none: 404 NAME_UNKNOWN: The repository with name 'app\/none' does not exist/,
    )
    assert.is(failure.details.on, 'repository app/none')
    assert.is(failure.details.likely, 'The repository does not exist (any more).')
  })
  assert.is(requests.filter((line) => line.startsWith('POST')).length, 2)
})

test('a wrong login and a login that may not push are failures of access', async () => {
  const target = repository()
  const wrong = await failureOf(async () => pushImage(await image('one'), { ...target, authorization: 'Basic QVdTOng=' }))
  assert.match(wrong.message, /could not say whether .* has manifests\/sha256:\w+: 401/)
  assert.is(wrong.code, 3)
  const denied = await failureOf(async () => pushImage(await image('one'), { ...target, authorization: registry.authorization(puller) }))
  assert.match(denied.message, /403/)
  assert.is(denied.code, 3)
})

test('no registry at all is a failure that says what was tried', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  const failure = await failureOf(async () => pushImage(await image('one'), { registry: `http://127.0.0.1:${port}`, repository: 'a' }))
  assert.match(failure.message, /ECONNREFUSED/)
  assert.match(String(failure.details.likely), /cannot be reached from here/)
})

test('a layer whose file is gone is told as that, at once', async () => {
  const { folder, remove } = tempFolder()
  const file = join(folder, 'layer.tar')
  const layer = await fileLayer(base, file)
  const broken = assemble('service', bare, [{ layer, createdBy: 'test' }], {})
  rmSync(file)
  assert.match((await failureOf(() => pushImage(broken, repository()))).message, /ENOENT/)
  writeFileSync(file, Buffer.alloc(layer.size))
  assert.match((await failureOf(() => pushImage(broken, repository()))).message, /400 DIGEST_INVALID/)
  remove()
})

test('a long upload tells how far it is', async () => {
  const told: string[] = []
  const { folder, remove } = tempFolder()
  const layer = await fileLayer([{ path: '/big', content: Buffer.alloc(5 << 20) }], join(folder, 'layer.tar'))
  const big = assemble('service', bare, [{ layer, createdBy: 'test' }], {})
  await pushImage(big, repository(), (detail) => told.push(detail))
  assert.ok(told.length >= 2, `${told.length} times`)
  assert.match(told.at(-1)!, /^\d\.\d of 5\.0 MiB uploaded$/)
  remove()
})

test("distribution's own registry takes it, and skopeo reads it there", async () => {
  const server = await startDockerRegistry()
  if (!server) return
  try {
    const target = { registry: `http://${server.host}`, repository: 'app/service' }
    const one = await image('one')
    const first = await pushImage(one, target)
    assert.is(first.uploadedBlobs, 3)
    assert.is((await pushImage(one, target)).uploadedBlobs, 0)
    const skopeo = programOnPath('skopeo')
    if (!skopeo) return
    const read = spawnSync(skopeo, ['inspect', '--tls-verify=false', `docker://${first.reference}`], { encoding: 'utf8' })
    assert.equal(
      JSON.parse(read.stdout).Layers,
      one.layers.map(({ digest }) => digest),
      read.stderr,
    )
  } finally {
    await server.remove()
  }
})

test('an image that is there under another tag gets the tag that is asked for', async () => {
  const one = await image('again')
  const target = repository()
  await pushImage(one, { ...target, tag: 'first' })
  assert.is((await pushImage(one, { ...target, tag: 'second' })).uploadedBlobs, 0)
  const input = { repositoryName: target.repository, imageIds: [{ imageTag: 'second' }] }
  assert.equal(registry.call('DescribeImages', input).imageDetails[0].imageTags, ['first', 'second'])
})

test.run()
