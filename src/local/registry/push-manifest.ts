import { readBody } from '../api/request.ts'
import type { RepositoryImage } from '../records.ts'
import type { Exchange } from './exchange.ts'
import { isDigest, type Manifest, manifestLimit, parseManifest } from './manifest.ts'
import { Refusal } from './refusal.ts'
import { findImage, imagesOf, keyOf } from './repository.ts'

/** HEAD and GET of a manifest by tag or digest. */
export function getManifest({ cloud, res, name, rest, head }: Exchange): void {
  const image = findImage(cloud.store, name, isDigest(rest) ? { digest: rest } : { tag: rest })
  if (!image) throw new Refusal('MANIFEST_UNKNOWN', 'Requested image not found')
  const length = Buffer.byteLength(image.manifest)
  res.writeHead(200, { 'content-type': image.mediaType, 'content-length': length, 'docker-content-digest': image.imageDigest })
  res.end(head ? undefined : image.manifest)
}

/**
 * Takes a manifest whose blobs are all there. A tag of a repository with immutable tags is refused once it names an
 * image, even the same one: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
 */
export async function putManifest(exchange: Exchange, repository: { imageTagMutability: string }): Promise<void> {
  const { cloud, req, res, name, rest } = exchange
  const tooMuch = () => new Refusal('MANIFEST_INVALID', `a manifest may have ${manifestLimit} bytes`, 413)
  const manifest = parseManifest(await readBody(req, manifestLimit, tooMuch), req.headers['content-type'])
  const tag = isDigest(rest) ? undefined : rest
  if (tag === undefined && manifest.digest !== rest) throw new Refusal('DIGEST_INVALID', `the manifest is ${manifest.digest}, not ${rest}`)
  cloud.store.transaction(() => {
    const named = tag === undefined ? undefined : findImage(cloud.store, name, { tag })
    if (named && repository.imageTagMutability === 'IMMUTABLE') {
      const words = `The image tag '${tag}' already exists in the '${name}' repository and cannot be overwritten because the repository is immutable.`
      throw new Refusal('TAG_INVALID', words)
    }
    checkContent(exchange, manifest)
    if (named && named.imageDigest !== manifest.digest) {
      cloud.store.put('repositoryImage', keyOf(name, named.imageDigest), {
        ...named,
        imageTags: named.imageTags.filter((each) => each !== tag),
      })
    }
    const present = cloud.store.get('repositoryImage', keyOf(name, manifest.digest))
    const imageTags = [...new Set([...(present?.imageTags ?? []), ...(tag === undefined ? [] : [tag])])]
    cloud.store.put(
      'repositoryImage',
      keyOf(name, manifest.digest),
      present ? { ...present, imageTags } : imageOf(name, manifest, imageTags),
    )
  })
  const location = `${cloud.endpoint}/v2/${name}/manifests/${manifest.digest}`
  res.writeHead(201, { location, 'docker-content-digest': manifest.digest, 'content-length': 0 }).end()
}

function imageOf(repositoryName: string, manifest: Manifest, imageTags: string[]): RepositoryImage {
  return {
    repositoryName,
    imageDigest: manifest.digest,
    mediaType: manifest.mediaType,
    manifest: manifest.text,
    blobs: [...manifest.blobs],
    manifests: [...manifest.manifests],
    ...(manifest.artifactMediaType && { artifactMediaType: manifest.artifactMediaType }),
    sizeInBytes: manifest.size,
    pushedAt: Date.now() / 1000,
    imageTags,
  }
}

function checkContent({ cloud, name }: Exchange, manifest: Manifest): void {
  const blob = manifest.blobs.find((digest) => !cloud.store.get('repositoryBlob', keyOf(name, digest)))
  if (blob) throw new Refusal('MANIFEST_BLOB_UNKNOWN', `blob ${blob} is unknown to repository ${name}`)
  const images = new Set(manifest.manifests.length ? imagesOf(cloud.store, name).map((image) => image.imageDigest) : [])
  const image = manifest.manifests.find((digest) => !images.has(digest))
  if (image) throw new Refusal('MANIFEST_BLOB_UNKNOWN', `manifest ${image} is unknown to repository ${name}`)
}
