import { createHash } from 'node:crypto'
import { readdirSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { resolveBase } from '../../../src/image/base/base.ts'
import { digestOf, type Image } from '../../../src/image/blob.ts'
import { pushImage } from '../../../src/image/registry/push.ts'
import { failureOf, tempFolder, tinyImage } from '../../support/tiny-image.ts'

/**
 * A public registry as the big ones are: a token for each repository from a server of its own, and blobs that lie at
 * another place.
 */
interface Public {
  readonly host: string
  readonly requests: string[]
  /** By path below /v2/: what is served, and how. */
  readonly content: Map<string, { type: string; bytes: Buffer }>
  /** Does something else than answering, when it returns true. */
  interfere: (req: http.IncomingMessage, res: http.ServerResponse) => boolean
  close(): Promise<void>
}

async function startPublic(): Promise<Public> {
  const requests: string[] = []
  const content: Public['content'] = new Map()
  const state: Public = { host: '', requests, content, interfere: () => false, close: async () => undefined }
  const server = http.createServer((req, res) => {
    const url = new URL(req.url!, 'http://x')
    requests.push(`${req.method} ${url.pathname}`)
    if (state.interfere(req, res)) return
    if (url.pathname === '/token') {
      const text = JSON.stringify({ token: `${url.searchParams.get('service')} ${url.searchParams.get('scope')}` })
      return res.writeHead(200).end(text)
    }
    if (url.pathname.startsWith('/storage/')) {
      // Storage behind signed URLs refuses a request that brings a second login.
      if (req.headers.authorization) return res.writeHead(400).end('two logins')
      return res.writeHead(200).end(content.get(url.pathname.slice('/storage/'.length))?.bytes)
    }
    const path = url.pathname.slice('/v2/'.length)
    const repository = path.replace(/\/(manifests|blobs)\/.*/, '')
    if (req.headers.authorization !== `Bearer the registry repository:${repository}:pull`) {
      const challenge = `Bearer realm="http://${state.host}/token",service="the registry",scope="repository:${repository}:pull"`
      return res.writeHead(401, { 'www-authenticate': challenge }).end()
    }
    const found = content.get(path)
    if (!found) return res.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"no such thing"}]}')
    if (path.includes('/blobs/'))
      return res.writeHead(307, { location: `http://localhost:${new URL(`http://${state.host}`).port}/storage/${path}` }).end()
    return res.writeHead(200, { 'content-type': found.type }).end(found.bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  return Object.assign(state, { host, close })
}

/** Puts an image into the registry, with docker's media types, below an index with a tag. */
async function publish(registry: Public, image: Image, tag: string): Promise<void> {
  const docker = 'application/vnd.docker.distribution.manifest'
  const manifest = JSON.parse(image.manifest.toString())
  manifest.mediaType = `${docker}.v2+json`
  for (const layer of manifest.layers) layer.mediaType = 'application/vnd.docker.image.rootfs.diff.tar'
  const bytes = Buffer.from(JSON.stringify(manifest))
  const entry = { mediaType: manifest.mediaType, digest: digestOf(bytes), size: bytes.length }
  const index = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: `${docker}.list.v2+json`,
      manifests: [
        { ...entry, digest: digestOf('other'), platform: { os: 'linux', architecture: 'arm64' } },
        { ...entry, digest: digestOf('attestation'), platform: { os: 'unknown', architecture: 'unknown' } },
        { ...entry, platform: { os: 'linux', architecture: 'amd64' } },
      ],
    }),
  )
  registry.content.set(`library/base/manifests/${tag}`, { type: `${docker}.list.v2+json`, bytes: index })
  registry.content.set(`library/base/manifests/${digestOf(bytes)}`, { type: manifest.mediaType, bytes })
  for (const blob of [image.config, ...image.layers]) {
    registry.content.set(`library/base/blobs/${blob.digest}`, { type: '', bytes: await buffer(await blob.open()) })
  }
}

const setUp = async () => {
  const registry = await startPublic()
  const image = await tinyImage('base', [{ path: '/base', content: 'base' }])
  await publish(registry, image, '24')
  const { folder, remove } = tempFolder()
  const close = async () => {
    await registry.close()
    remove()
  }
  return { registry, image, cache: folder, close }
}

test('a tag is resolved to the image of the platform, with a token, and no layer is downloaded', async () => {
  const { registry, image, cache, close } = await setUp()
  const base = await resolveBase(`${registry.host}/library/base:24`, 'amd64', { cacheFolder: cache })
  assert.match(base.pinned, /^127\.0\.0\.1:\d+\/library\/base@sha256:[0-9a-f]{64}$/)
  assert.is(base.config.architecture, 'amd64')
  assert.equal(
    base.layers.map(({ digest, size, mediaType, diffId }) => ({ digest, size, mediaType, diffId })),
    image.layers.map(({ digest, size, diffId }) => ({ digest, size, mediaType: 'application/vnd.oci.image.layer.v1.tar', diffId })),
  )
  assert.equal(registry.requests.filter((line) => line.includes('/storage/')).length, 1, 'the config only')
  await close()
})

test('a pinned reference that has been seen needs no registry', async () => {
  const { registry, cache, close } = await setUp()
  const { pinned } = await resolveBase(`${registry.host}/library/base:24`, 'amd64', { cacheFolder: cache })
  const before = registry.requests.length
  const base = await resolveBase(pinned, 'amd64', { cacheFolder: cache })
  assert.is(registry.requests.length, before)
  assert.is(base.pinned, pinned)
  await close()
})

test('a layer is downloaded when it is opened, once for all who open it, and kept', async () => {
  const { registry, image, cache, close } = await setUp()
  const [layer] = (await resolveBase(`${registry.host}/library/base:24`, 'amd64', { cacheFolder: cache })).layers
  const before = registry.requests.length
  const contents = await Promise.all([layer!.open(), layer!.open()].map(async (stream) => digestOf(await buffer(await stream))))
  assert.equal(contents, [image.layers[0]!.digest, image.layers[0]!.digest])
  await buffer(await layer!.open())
  assert.is(registry.requests.slice(before).filter((line) => line.includes('/storage/')).length, 1)
  await close()
})

test('a download that breaks off or comes wrong is tried again, and never kept', async () => {
  const { registry, image, cache, close } = await setUp()
  const [layer] = (await resolveBase(`${registry.host}/library/base:24`, 'amd64', { cacheFolder: cache })).layers
  const size = image.layers[0]!.size
  let attempts = 0
  registry.interfere = (req, res) => {
    if (!req.url!.startsWith('/storage/')) return false
    attempts++
    if (attempts === 1) res.writeHead(200, { 'content-length': size }).write('half', () => res.destroy())
    else if (attempts === 2) res.writeHead(200).end(Buffer.alloc(size))
    else return false
    return true
  }
  assert.is(
    createHash('sha256')
      .update(await buffer(await layer!.open()))
      .digest('hex'),
    layer!.digest.slice(7),
  )
  assert.is(attempts, 3)
  assert.equal(
    readdirSync(join(cache, 'base')).filter((name) => name.endsWith('.part')),
    [],
  )
  await close()
})

test('a cached manifest that was damaged is fetched again', async () => {
  const { registry, cache, close } = await setUp()
  const { pinned } = await resolveBase(`${registry.host}/library/base:24`, 'amd64', { cacheFolder: cache })
  for (const file of readdirSync(join(cache, 'base'))) writeFileSync(join(cache, 'base', file), '{}')
  assert.is((await resolveBase(pinned, 'amd64', { cacheFolder: cache })).pinned, pinned)
  await close()
})

test('what is not there, and what is there for other platforms only, are different failures', async () => {
  const { registry, cache, close } = await setUp()
  const missing = await failureOf(() => resolveBase(`${registry.host}/library/base:25`, 'amd64', { cacheFolder: cache }))
  assert.match(
    missing.message,
    /^The base image 127\.0\.0\.1:\d+\/library\/base:25 could not be read: 404 MANIFEST_UNKNOWN: no such thing$/,
  )
  const other = await failureOf(() => resolveBase(`${registry.host}/library/base:24`, 'riscv64', { cacheFolder: cache }))
  assert.match(other.message, /is not there for linux\/riscv64; it is for linux\/arm64, linux\/amd64\.$/)
  await close()
})

test('a single image of another platform is refused as well', async () => {
  const { registry, cache, close } = await setUp()
  const { pinned } = await resolveBase(`${registry.host}/library/base:24`, 'amd64', { cacheFolder: cache })
  assert.match(
    (await failureOf(() => resolveBase(pinned, 'arm64', { cacheFolder: cache }))).message,
    /is not there for linux\/arm64; it is for linux\/amd64\.$/,
  )
  await close()
})

test('a manifest in an old format is refused by name', async () => {
  const { registry, cache, close } = await setUp()
  registry.content.set('library/base/manifests/old', {
    type: 'application/vnd.docker.distribution.manifest.v1+json',
    bytes: Buffer.from('{"schemaVersion":1}'),
  })
  assert.match(
    (await failureOf(() => resolveBase(`${registry.host}/library/base:old`, 'amd64', { cacheFolder: cache }))).message,
    /in a format that we do not know/,
  )
  await close()
})

test('a registry that gives no token, or asks for a login in an unknown way, is a failure of access', async () => {
  const { registry, cache, close } = await setUp()
  registry.interfere = (req, res) => {
    if (!req.url!.startsWith('/token')) return false
    res.writeHead(403).end('{"errors":[{"code":"DENIED","message":"private"}]}')
    return true
  }
  const denied = await failureOf(() => resolveBase(`${registry.host}/library/base:24`, 'amd64', { cacheFolder: cache }))
  assert.match(denied.message, /gave no login: 403 DENIED: private/)
  assert.is(denied.code, 3)
  registry.interfere = (_req, res) => {
    res.writeHead(401, { 'www-authenticate': 'Bearer nothing' }).end()
    return true
  }
  assert.match(
    (await failureOf(() => resolveBase(`${registry.host}/library/base:24`, 'amd64', { cacheFolder: cache }))).message,
    /asks for a login in a way that we do not know: Bearer nothing/,
  )
  await close()
})

test('an image can be pushed with a token too, and its base is downloaded only where it is missing', async () => {
  const { registry, cache, close } = await setUp()
  const [layer] = (await resolveBase(`${registry.host}/library/base:24`, 'amd64', { cacheFolder: cache })).layers
  const image = { ...(await tinyImage('service', [{ path: '/base', content: 'base' }])), layers: [layer!] }
  const tokens: string[] = []
  registry.interfere = (req, res) => {
    if (req.url!.startsWith('/token') || req.url!.startsWith('/storage/') || req.url!.startsWith('/v2/library/')) return false
    const push = req.method !== 'HEAD'
    const wanted = `Bearer the registry repository:mine:${push ? 'pull,push' : 'pull'}`
    if (req.headers.authorization !== wanted) {
      res.writeHead(401, { 'www-authenticate': `Bearer realm="http://${registry.host}/token",service="the registry"` }).end()
    } else {
      tokens.push(wanted)
      res.writeHead(req.method === 'HEAD' && req.url!.includes('/blobs/') ? 200 : push ? 201 : 404).end()
    }
    return true
  }
  const { uploadedBytes } = await pushImage(image, { registry: `http://${registry.host}`, repository: 'mine' })
  assert.is(uploadedBytes, 0)
  assert.ok(tokens.includes('Bearer the registry repository:mine:pull,push'))
  assert.equal(registry.requests.filter((line) => line.startsWith('GET /storage/')).length, 1, 'still the config only')
  await close()
})

test.run()
