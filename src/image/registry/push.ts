import { pipeline, Readable } from 'node:stream'
import { Failure } from '../../report/failure.ts'
import type { Artifact, Blob } from '../blob.ts'
import { measure } from '../layer.ts'
import { drain, read, refuseTransient } from './connection.ts'
import { errorsIn, insist, type Registry, refusal, registryAt } from './registry.ts'

/** Where an image goes. */
export interface Target {
  /** `https://123456789012.dkr.ecr.us-east-1.amazonaws.com`, `http://127.0.0.1:4566` */
  readonly registry: string
  /** Must exist where the registry does not create repositories by itself, as ECR does not. */
  readonly repository: string
  /** The value of the `Authorization` header, such as `Basic …`. */
  readonly authorization?: string
  /** `contentTag(image.digest)` where none is given. */
  readonly tag?: string
}

/** Where an image is found in a registry, which is known before it is there. */
export interface Located {
  readonly digest: string
  /** `host/repository@sha256:…`, for `docker pull`. */
  readonly reference: string
}

export interface Pushed extends Located {
  readonly uploadedBytes: number
  readonly uploadedBlobs: number
  /** How many blobs the registry had. All of them, without having been asked, where it had the image. */
  readonly presentBlobs: number
}

/** Where a target has what is pushed to it. */
export function locate({ digest }: Pick<Artifact, 'digest'>, { registry, repository }: Target): Located {
  return { digest, reference: `${new URL(registry).host}/${repository}@${digest}` }
}

/** A tag that only this content has: an immutable tag is never in the way of a changed image. */
export function contentTag(digest: string): string {
  return `sha-${digest.slice('sha256:'.length).slice(0, 12)}`
}

/**
 * Brings an image, or another artifact, to a registry and uploads only what is missing there. One that is there costs
 * one request. Broken connections, 429 and 5xx are tried again with growing pauses; a refusal is not. The manifest goes
 * last, so that a reader never finds half an image.
 *
 * @param tell hears how far long uploads are: `3.1 of 5.0 MiB uploaded`
 * @throws Failure with repository, blob, status and the registry's own words
 */
export async function pushImage(image: Artifact, target: Target, tell: (detail: string) => void = () => undefined): Promise<Pushed> {
  const registry = registryAt(target.registry, { authorization: target.authorization })
  const blobs = [...new Map([image.config, ...image.layers].map((blob) => [blob.digest, blob])).values()]
  const located = locate(image, target)
  // Under another tag it may have been there before: a tag that is asked for is what has to be there.
  if (await has(registry, target.repository, `manifests/${target.tag ?? image.digest}`, image)) {
    return { ...located, uploadedBytes: 0, uploadedBlobs: 0, presentBlobs: blobs.length }
  }
  const progress = progressOf(blobs, tell)
  const uploaded = await Promise.all(blobs.map((blob) => provide(registry, target, image.name, blob, progress)))
  await putManifest(registry, target, image)
  const missing = blobs.filter((_blob, index) => uploaded[index])
  return {
    ...located,
    uploadedBytes: missing.reduce((sum, blob) => sum + blob.size, 0),
    uploadedBlobs: missing.length,
    presentBlobs: blobs.length - missing.length,
  }
}

async function has(registry: Registry, repository: string, path: string, image?: Artifact): Promise<boolean> {
  const what = `${registry.host} could not say whether ${repository} has ${path}`
  return insist(what, `repository ${repository}`, async () => {
    const answer = await registry.request(`${repository}/${path}`, {
      method: 'HEAD',
      ...(image && { headers: { accept: image.mediaType } }),
    })
    await refuseTransient(answer)
    await drain(answer)
    // A repository that does not exist answers the same; the upload then gets to hear it in words.
    if (answer.status === 404) return false
    if (answer.status !== 200) throw refusal(what, answer.status, '', `repository ${repository}`, registry.access())
    return image === undefined || path.endsWith(image.digest) || answer.headers['docker-content-digest'] === image.digest
  })
}

/**
 * Uploads under way, by registry, repository and digest: two images of one repository share the transfer of a layer
 * that both have.
 */
const underWay = new Map<string, Promise<boolean>>()

/** Sees to it that the repository has the blob; true when that took an upload. */
function provide(registry: Registry, target: Target, image: string, blob: Blob, progress: (bytes: number) => void): Promise<boolean> {
  const key = `${registry.origin} ${target.repository} ${blob.digest}`
  const running = underWay.get(key)
  // Whoever started it reports it as uploaded.
  if (running) return running.then(() => false)
  const work = (async () => {
    if (await has(registry, target.repository, `blobs/${blob.digest}`)) return false
    const what = `${registry.host} did not take ${blob.digest} of ${image} into ${target.repository}`
    return insist(what, `repository ${target.repository}`, () => upload(registry, target, what, blob, progress))
  })().finally(() => underWay.delete(key))
  underWay.set(key, work)
  return work
}

/** One attempt to upload: open an upload, then send all of it at once. */
async function upload(registry: Registry, target: Target, what: string, blob: Blob, progress: (bytes: number) => void): Promise<true> {
  const opened = await registry.request(`${target.repository}/blobs/uploads/`, { method: 'POST' })
  await refuseTransient(opened)
  const openedText = (await read(opened)).toString()
  const location = opened.headers.location
  if (opened.status !== 202 || !location)
    throw refusal(what, opened.status, openedText, `repository ${target.repository}`, registry.access())
  const url = new URL(location, opened.url)
  url.searchParams.append('digest', blob.digest)
  const done = await registry.request(url, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream' },
    body: { size: blob.size, open: async () => metered(await blob.open(), progress) },
  })
  await refuseTransient(done)
  const text = (await read(done)).toString()
  if (done.status !== 201) throw refusal(what, done.status, text, `repository ${target.repository}`, registry.access())
  return true
}

/** The same content; `pipeline` carries an error of the source over to what is read. */
function metered(content: Readable, progress: (bytes: number) => void): Readable {
  return pipeline(content, measure(progress), () => undefined)
}

async function putManifest(registry: Registry, target: Target, image: Artifact): Promise<void> {
  const tag = target.tag ?? contentTag(image.digest)
  const what = `${registry.host} did not take the manifest of ${image.name} as ${target.repository}:${tag}`
  const on = `repository ${target.repository}`
  await insist(what, on, async () => {
    const body = { size: image.manifest.length, open: async () => Readable.from([image.manifest]) }
    const answer = await registry.request(`${target.repository}/manifests/${tag}`, {
      method: 'PUT',
      headers: { 'content-type': image.mediaType },
      body,
    })
    await refuseTransient(answer)
    const text = (await read(answer)).toString()
    if (answer.status === 201) return
    // An immutable tag refuses even the image that it already names, for instance when the answer to an earlier attempt
    // was lost.
    if (answer.status < 500 && (await tagged(registry, target.repository, tag, image))) return
    const immutable = errorsIn(text).some(({ message }) => message?.includes('immutable'))
    const failure = refusal(what, answer.status, text, on, registry.access())
    if (!immutable) throw failure
    throw new Failure(failure.message, {
      on,
      likely: `The tag ${tag} names another image already, and tags of this repository cannot be moved.`,
    })
  })
}

async function tagged(registry: Registry, repository: string, tag: string, image: Artifact): Promise<boolean> {
  const answer = await registry.request(`${repository}/manifests/${tag}`, { method: 'HEAD', headers: { accept: image.mediaType } })
  await drain(answer)
  return answer.status === 200 && answer.headers['docker-content-digest'] === image.digest
}

/** Tells every twentieth of the way, of uploads that take long enough for a person to wonder. */
function progressOf(blobs: readonly Blob[], tell: (detail: string) => void): (bytes: number) => void {
  const total = blobs.reduce((sum, blob) => sum + blob.size, 0)
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1)
  let sent = 0
  let told = 0
  return (bytes) => {
    sent += bytes
    if (sent - told < Math.max(total / 20, 1 << 20)) return
    told = sent
    tell(`${mebibytes(sent)} of ${mebibytes(total)} MiB uploaded`)
  }
}
