// The embedded cloud's image registry: ECR's control plane (`ecr.ts`) and the registry API under /v2/
// (`distribution.ts`), over the same records in the cloud's store and the same blob files. Container tools, AWS's CLI
// and our own push can all use it.
import { rmSync } from 'node:fs'
import { ApiError, type Cloud, type Store } from '../cloud.ts'
import type { ImageRepository, RepositoryImage } from '../records.ts'
import { blobFile } from './blobs.ts'

/** The key of an image or blob in the store. */
export function keyOf(repositoryName: string, digest: string): string {
  return `${repositoryName}@${digest}`
}

/** The repository of this name. Throws RepositoryNotFoundException. */
export function repositoryOf(cloud: Cloud, name: string): ImageRepository {
  const repository = cloud.store.get('repository', name)
  if (repository) return repository
  throw new ApiError('RepositoryNotFoundException', notFound(cloud, name))
}

/** ECR's words for a repository that does not exist. */
export function notFound(cloud: Cloud, name: string): string {
  return `The repository with name '${name}' does not exist in the registry with id '${cloud.accountId}'`
}

/** The ARN of a repository, whether it exists or not. */
export function arnOf(cloud: Cloud, name: string): string {
  return `arn:aws:ecr:${cloud.region}:${cloud.accountId}:repository/${name}`
}

/** A repository's images, oldest first. */
export function imagesOf(store: Store, repositoryName: string): RepositoryImage[] {
  return store
    .list('repositoryImage')
    .filter((image) => image.repositoryName === repositoryName)
    .sort((a, b) => a.pushedAt - b.pushedAt || (a.imageDigest < b.imageDigest ? -1 : 1))
}

/** The image of this repository with this tag or digest. */
export function findImage(store: Store, repositoryName: string, wanted: { tag?: string; digest?: string }): RepositoryImage | undefined {
  const { tag, digest } = wanted
  if (tag === undefined) return digest === undefined ? undefined : store.get('repositoryImage', keyOf(repositoryName, digest))
  const image = imagesOf(store, repositoryName).find((image) => image.imageTags.includes(tag))
  return digest === undefined || image?.imageDigest === digest ? image : undefined
}

/**
 * Removes images, with the blobs that no other image of their repository needs, and the files that no repository needs.
 */
export function removeImages(cloud: Cloud, images: readonly RepositoryImage[]): void {
  const { store } = cloud
  const freed = store.transaction(() => {
    for (const image of images) store.delete('repositoryImage', keyOf(image.repositoryName, image.imageDigest))
    const gone: string[] = []
    for (const name of new Set(images.map((image) => image.repositoryName))) {
      const needed = new Set(imagesOf(store, name).flatMap((image) => image.blobs))
      const candidates = new Set(images.filter((image) => image.repositoryName === name).flatMap((image) => image.blobs))
      for (const digest of candidates) {
        if (needed.has(digest)) continue
        store.delete('repositoryBlob', keyOf(name, digest))
        gone.push(digest)
      }
    }
    return gone
  })
  removeFiles(cloud, freed)
}

/** Removes a repository with everything in it. */
export function removeRepository(cloud: Cloud, repository: ImageRepository): void {
  const { store } = cloud
  const name = repository.repositoryName
  const freed = store.transaction(() => {
    for (const image of imagesOf(store, name)) store.delete('repositoryImage', keyOf(name, image.imageDigest))
    const blobs = store.list('repositoryBlob').filter((blob) => blob.repositoryName === name)
    for (const blob of blobs) store.delete('repositoryBlob', keyOf(name, blob.digest))
    store.delete('repository', name)
    return blobs.map((blob) => blob.digest)
  })
  removeFiles(cloud, freed)
}

/**
 * After the records are gone for good: a kill in between leaves files too many, which the next start removes, and never
 * one too few.
 */
function removeFiles(cloud: Cloud, digests: readonly string[]): void {
  const needed = new Set(cloud.store.everywhere.list('repositoryBlob').map((blob) => blob.digest))
  for (const digest of digests) if (!needed.has(digest)) rmSync(blobFile(cloud.folder, digest), { force: true })
}
