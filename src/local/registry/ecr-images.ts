import type * as sdk from '@aws-sdk/client-ecr'
import { ApiError, type Cloud } from '../cloud.ts'
import type { RepositoryImage } from '../records.ts'
import { hasBlob } from './blobs.ts'
import { asList, invalid, pageOf, type RepositoryAction } from './ecr-input.ts'
import { isDigest } from './manifest.ts'
import { findImage, imagesOf, keyOf, removeImages } from './repository.ts'

export const imageActions = {
  DescribeImages(input: sdk.DescribeImagesRequest, { cloud, name }) {
    const ids = asList<sdk.ImageIdentifier>(input.imageIds, 'imageIds', 100)
    if (ids && (input.nextToken !== undefined || input.maxResults !== undefined))
      throw invalid('imageIds', 'nextToken and maxResults cannot be used together with imageIds')
    const named = ids?.map((id) => find(cloud, name, id) ?? imageNotFound(cloud, name, id))
    const { page, nextToken } = named
      ? { page: [...new Set(named)], nextToken: undefined }
      : pageOf(filtered(imagesOf(cloud.store, name), input), input)
    const imageDetails = page.map((image) => ({
      registryId: cloud.accountId,
      repositoryName: name,
      imageDigest: image.imageDigest,
      ...(image.imageTags.length > 0 && { imageTags: image.imageTags }),
      imageSizeInBytes: image.sizeInBytes,
      imagePushedAt: image.pushedAt,
      imageManifestMediaType: image.mediaType,
      ...(image.artifactMediaType && { artifactMediaType: image.artifactMediaType }),
    }))
    return { imageDetails, nextToken }
  },

  ListImages(input: sdk.ListImagesRequest, { cloud, name }) {
    const all = filtered(imagesOf(cloud.store, name), input).flatMap(({ imageDigest, imageTags }): sdk.ImageIdentifier[] =>
      imageTags.length > 0 ? imageTags.map((imageTag) => ({ imageDigest, imageTag })) : [{ imageDigest }],
    )
    const { page, nextToken } = pageOf(all, input)
    return { imageIds: page, nextToken }
  },

  /** Missing images are told in `failures`; nothing is thrown for them. */
  BatchGetImage({ imageIds }: sdk.BatchGetImageRequest, { cloud, name }) {
    const looked = required(imageIds).map((id) => ({ id, image: malformed(id) ? undefined : find(cloud, name, id) }))
    const images = looked.flatMap(({ id: { imageTag }, image }) => {
      if (!image) return []
      const imageId = { imageDigest: image.imageDigest, ...(imageTag !== undefined && { imageTag }) }
      const content = { imageManifest: image.manifest, imageManifestMediaType: image.mediaType }
      return [{ registryId: cloud.accountId, repositoryName: name, imageId, ...content }]
    })
    return { images, failures: looked.filter(({ image }) => !image).map(({ id }) => failure(id)) }
  },

  /** A tag goes alone while the image has others; the digest takes the image with all its tags. */
  BatchDeleteImage(input: sdk.BatchDeleteImageRequest, { cloud, name }) {
    const imageIds: sdk.ImageIdentifier[] = []
    const failures: unknown[] = []
    for (const id of required(input.imageIds)) {
      // One after the other: what an earlier id has removed is not there for a later one.
      const image = malformed(id) ? undefined : find(cloud, name, id)
      if (!image) {
        failures.push(failure(id))
        continue
      }
      const { imageDigest, imageTags } = image
      const others = imageTags.filter((tag) => tag !== id.imageTag)
      const index = imagesOf(cloud.store, name).find(({ manifests }) => manifests.includes(imageDigest))
      if (id.imageTag !== undefined && others.length > 0) {
        cloud.store.put('repositoryImage', keyOf(name, imageDigest), { ...image, imageTags: others })
        imageIds.push({ imageDigest, imageTag: id.imageTag })
      } else if (index) {
        const failureReason = `Requested image referenced by manifest list: [${index.imageDigest}]`
        failures.push({ imageId: id, failureCode: 'ImageReferencedByManifestList', failureReason })
      } else {
        removeImages(cloud, [image])
        imageIds.push(...(imageTags.length > 0 ? imageTags.map((imageTag) => ({ imageDigest, imageTag })) : [{ imageDigest }]))
      }
    }
    return { imageIds, failures }
  },

  BatchCheckLayerAvailability({ layerDigests }: sdk.BatchCheckLayerAvailabilityRequest, { cloud, name }) {
    const digests = asList<string>(layerDigests, 'layerDigests', 100)
    if (!digests) throw invalid('layerDigests', 'Member must not be null')
    const wrong = digests.filter((digest) => !isDigest(digest))
    const layers = digests.filter(isDigest).map((layerDigest) => {
      const blob = hasBlob(cloud.folder, layerDigest) ? cloud.store.get('repositoryBlob', keyOf(name, layerDigest)) : undefined
      if (!blob) return { layerDigest, layerAvailability: 'UNAVAILABLE' }
      return { layerDigest, layerAvailability: 'AVAILABLE', layerSize: blob.size }
    })
    const failures = wrong.map((layerDigest) => ({ layerDigest, failureCode: 'InvalidLayerDigest', failureReason: 'Invalid layer digest' }))
    return { layers, failures }
  },
} satisfies Record<string, RepositoryAction>

function required(imageIds: unknown): sdk.ImageIdentifier[] {
  const ids = asList<sdk.ImageIdentifier>(imageIds, 'imageIds', 100)
  if (!ids) throw invalid('imageIds', 'Member must not be null')
  return ids
}

function find(cloud: Cloud, name: string, { imageDigest, imageTag }: sdk.ImageIdentifier): RepositoryImage | undefined {
  return findImage(cloud.store, name, {
    ...(imageTag !== undefined && { tag: imageTag }),
    ...(imageDigest !== undefined && { digest: imageDigest }),
  })
}

/** The code of what is wrong with an image id itself. */
function malformed({ imageDigest, imageTag }: sdk.ImageIdentifier): 'MissingDigestAndTag' | 'InvalidImageDigest' | undefined {
  if (imageDigest === undefined && imageTag === undefined) return 'MissingDigestAndTag'
  return imageDigest !== undefined && !isDigest(imageDigest) ? 'InvalidImageDigest' : undefined
}

function failure(id: sdk.ImageIdentifier): object {
  const code = malformed(id) ?? 'ImageNotFound'
  const reasons = {
    MissingDigestAndTag: 'Invalid request parameters: both tag and digest cannot be null',
    InvalidImageDigest: "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
    ImageNotFound: 'Requested image not found',
  }
  return { imageId: id, failureCode: code, failureReason: reasons[code] }
}

function imageNotFound(cloud: Cloud, name: string, { imageDigest, imageTag }: sdk.ImageIdentifier): never {
  const id = `{imageDigest:'${imageDigest ?? 'null'}', imageTag:'${imageTag ?? 'null'}'}`
  const words = `The image with imageId ${id} does not exist within the repository with name '${name}' in the registry with id '${cloud.accountId}'`
  throw new ApiError('ImageNotFoundException', words)
}

function filtered(images: readonly RepositoryImage[], { filter }: sdk.ListImagesRequest | sdk.DescribeImagesRequest): RepositoryImage[] {
  const status = filter?.tagStatus ?? 'ANY'
  if (!['ANY', 'TAGGED', 'UNTAGGED'].includes(status))
    throw invalid('filter.tagStatus', 'Member must satisfy enum value set: [TAGGED, UNTAGGED, ANY]')
  return images.filter((image) => status === 'ANY' || (status === 'TAGGED') === image.imageTags.length > 0)
}
