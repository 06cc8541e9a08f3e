import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Failure } from '../../report/failure.ts'
import { writeWhole } from '../../report/whole-file.ts'
import { type Artifact, bytesBlob, digestOf, type Layer, manifestTypes, mediaTypes } from '../blob.ts'
import { measure } from '../layer.ts'
import type { Descriptor, ImageConfig, RegistryManifest } from '../manifest.ts'
import { read, refuseTransient, Transient } from '../registry/connection.ts'
import { dockerLogin, type Login } from '../registry/docker-login.ts'
import { parseReference } from '../registry/reference.ts'
import { fetchBody, insist, type Registry, refusal, registryAt } from '../registry/registry.ts'

/**
 * A base image: known in full, as its registry has it, with layers that are downloaded when they are opened. Its layers
 * are those that it gives to images on top of it: docker's media types are OCI's there.
 */
export interface Base {
  /** The reference with the digest of the image for the platform. */
  readonly pinned: string
  readonly layers: readonly Layer[]
  readonly config: ImageConfig
  /** What is pushed to have the same image, under the same digest, in another registry. */
  readonly image: Artifact
}

/** Where else a base image lies, so that its own registry need not be asked. */
export interface Mirror {
  /** `https://host` */
  readonly registry: string
  readonly repository: string
  /** Of the image for the platform. */
  readonly digest: string
  /** As the mirror has it. */
  readonly manifest: string
  /** How to log in there; asked only where something has to be fetched. */
  login(): Promise<Login | undefined>
}

export interface BaseOptions {
  /** Keeps manifests, configs and the layers that had to be downloaded. */
  readonly cacheFolder: string
  /** What is there is taken from there. */
  readonly mirror?: Mirror | undefined
}

/** Docker's names for the same formats; a manifest in OCI's terms needs OCI's. */
const layerTypes: Readonly<Record<string, string>> = {
  'application/vnd.docker.image.rootfs.diff.tar': mediaTypes.tar,
  'application/vnd.docker.image.rootfs.diff.tar.gzip': mediaTypes.gzip,
  'application/vnd.docker.image.rootfs.diff.tar.zstd': mediaTypes.zstd,
}

const resolving = new Map<string, Promise<Base>>()

/**
 * Looks a base image up, with its config, but none of its layers. Where its registry wants a login, docker's own is
 * used.
 *
 * @param text an image reference; with a digest it is answered from the cache once it has been seen
 * @param architecture `amd64` or `arm64`; picked from an index, compared with a single image
 * @throws Failure when the registry refuses, has no such image or none for linux on this architecture
 */
export function resolveBase(text: string, architecture: string, options: BaseOptions): Promise<Base> {
  const key = JSON.stringify([text, architecture, options.cacheFolder, options.mirror?.digest])
  const running = resolving.get(key)
  if (running) return running
  const base = resolve(text, architecture, options).finally(() => resolving.delete(key))
  resolving.set(key, base)
  return base
}

async function resolve(text: string, architecture: string, { cacheFolder, mirror }: BaseOptions): Promise<Base> {
  const reference = parseReference(text)
  const own = new URL(reference.origin).host
  const source: Source = mirror
    ? { text, repository: mirror.repository, registry: registryAt(mirror.registry, { login: mirror.login }), cacheFolder }
    : { text, repository: reference.repository, registry: registryAt(reference.origin, { login: () => dockerLogin(own) }), cacheFolder }
  if (mirror) await keep(source, Buffer.from(mirror.manifest))
  const top = await manifest(source, mirror?.digest ?? reference.digest ?? reference.tag!)
  const picked = top.body.manifests?.find(({ platform }) => platform?.os === 'linux' && platform.architecture === architecture)
  if (top.body.manifests && !picked) throw otherPlatform(text, architecture, platformsOf(top.body.manifests))
  const { body, digest, bytes } = picked ? await manifest(source, picked.digest) : top
  if (!body.config || !body.layers)
    throw new Failure(`The base image ${text} has a manifest in a format that we do not know.`, { on: `image ${text}` })
  const configFile = await small(source, `blobs/${body.config.digest}`, body.config.digest)
  const config: ImageConfig = JSON.parse(configFile.toString())
  if (config.os !== 'linux' || config.architecture !== architecture)
    throw otherPlatform(text, architecture, `${config.os}/${config.architecture}`)
  const layers = body.layers.map((layer, index) => lazyLayer(source, layer, config.rootfs.diff_ids[index]!))
  const image = {
    name: `base image ${text}`,
    digest,
    manifest: bytes,
    // OCI leaves it away where the answer's type says it; docker never does.
    mediaType: body.mediaType ?? mediaTypes.manifest,
    config: bytesBlob(configFile, body.config.mediaType),
    layers,
  }
  return { pinned: `${own}/${reference.repository}@${digest}`, layers, config, image }
}

function platformsOf(manifests: readonly Descriptor[]): string {
  return manifests
    .flatMap(({ platform }) => (platform && platform.os !== 'unknown' ? [`${platform.os}/${platform.architecture}`] : []))
    .join(', ')
}

function otherPlatform(text: string, architecture: string, has: string): Failure {
  return new Failure(`The base image ${text} is not there for linux/${architecture}; it is for ${has || 'no platform'}.`, {
    on: `image ${text}`,
  })
}

interface Source {
  readonly text: string
  readonly repository: string
  readonly registry: Registry
  readonly cacheFolder: string
}

async function manifest(source: Source, wanted: string): Promise<{ body: RegistryManifest; digest: string; bytes: Buffer }> {
  const bytes = await small(source, `manifests/${wanted}`, wanted.startsWith('sha256:') ? wanted : undefined)
  return { body: JSON.parse(bytes.toString()), digest: digestOf(bytes), bytes }
}

/** A manifest or config, from the cache where its digest is known beforehand, and verified by it. */
async function small(source: Source, path: string, digest: string | undefined): Promise<Buffer> {
  const file = digest && cacheFile(source.cacheFolder, digest)
  const kept = file && (await readFile(file).catch(() => undefined))
  if (kept && digestOf(kept) === digest) return kept
  const { text, repository, registry } = source
  const what = `The base image ${text} could not be read`
  const bytes = await fetchBody(registry, `${repository}/${path}`, { what, on: `image ${text}`, accept: manifestTypes, digest })
  await keep(source, bytes)
  return bytes
}

function keep({ cacheFolder }: Source, bytes: Buffer): Promise<void> {
  return writeWhole(cacheFile(cacheFolder, digestOf(bytes)), (partial) => writeFile(partial, bytes))
}

function lazyLayer(source: Source, { digest, size, mediaType }: Descriptor, diffId: string): Layer {
  const file = cacheFile(source.cacheFolder, digest)
  return {
    digest,
    size,
    mediaType: layerTypes[mediaType] ?? mediaType,
    diffId,
    async open() {
      const facts = await stat(file).catch(() => undefined)
      if (facts?.size !== size) await downloadOnce(source, digest, size, file)
      return createReadStream(file, { highWaterMark: 1 << 20 })
    },
  }
}

/** Several repositories may lack the same base layer at the same time; it comes over the network once. */
const downloading = new Map<string, Promise<void>>()

function downloadOnce(source: Source, digest: string, size: number, file: string): Promise<void> {
  const running = downloading.get(file)
  if (running) return running
  const work = download(source, digest, size, file).finally(() => downloading.delete(file))
  downloading.set(file, work)
  return work
}

async function download({ text, repository, registry }: Source, digest: string, size: number, file: string): Promise<void> {
  const what = `A layer of the base image ${text} could not be downloaded`
  await insist(what, `image ${text}`, async () => {
    const answer = await registry.request(`${repository}/blobs/${digest}`, { method: 'GET' })
    await refuseTransient(answer)
    if (answer.status !== 200) throw refusal(what, answer.status, (await read(answer)).toString(), `image ${text}`, registry.access())
    await writeWhole(file, async (partial) => {
      const hash = createHash('sha256')
      let received = 0
      const meter = measure((bytes) => {
        received += bytes
      }, hash)
      await pipeline(answer.body, meter, createWriteStream(partial)).catch((error: NodeJS.ErrnoException) => {
        // The connection's fault, and not that of the disk.
        if (error.code === 'ECONNRESET') throw new Transient(`${registry.host}: the download broke off`, { cause: error })
        throw error
      })
      const actual = `sha256:${hash.digest('hex')}`
      if (received !== size || actual !== digest) throw new Transient(`${digest} came as ${received} bytes of ${actual}`)
    })
  })
}

function cacheFile(cacheFolder: string, digest: string): string {
  return join(cacheFolder, 'base', digest.slice('sha256:'.length))
}
