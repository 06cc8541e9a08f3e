import { ApiError, type Call, type Cloud } from '../cloud.ts'
import { hasBlob } from './blobs.ts'
import { asList, checkName, invalid, ownRegistry, pageOf } from './ecr-input.ts'
import { isDigest } from './manifest.ts'
import { arnOf, findImage, imagesOf, keyOf, type RepositoryImage, removeImages, repositoryOf } from './repository.ts'

interface ImageId {
  imageDigest?: string
  imageTag?: string
}

interface Input {
  registryId?: string
  repositoryName: string
  imageIds?: ImageId[]
  filter?: { tagStatus?: string }
  nextToken?: string
  maxResults?: number
}

/** Checks what all image actions have in common, and gives the repository's name. */
function begin(action: string, input: Input, { cloud, caller }: Call): string {
  const name = checkName(input.repositoryName)
  cloud.authorize(caller, `ecr:${action}`, arnOf(cloud, name))
  ownRegistry(cloud, input, name)
  repositoryOf(cloud, name)
  return name
}

export function describeImages(input: Input, call: Call): unknown {
  const { cloud } = call
  const name = begin('DescribeImages', input, call)
  const ids = asList<ImageId>(input.imageIds, 'imageIds', 100)
  if (ids && (input.nextToken !== undefined || input.maxResults !== undefined)) {
    throw invalid('imageIds', 'nextToken and maxResults cannot be used together with imageIds')
  }
  const named = ids?.map((id) => find(cloud, name, id) ?? imageNotFound(cloud, name, id))
  const { page, nextToken } = named ? { page: [...new Set(named)] } : pageOf(filtered(imagesOf(cloud.store, name), input), input)
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
}

export function listImages(input: Input, call: Call): unknown {
  const name = begin('ListImages', input, call)
  const all = filtered(imagesOf(call.cloud.store, name), input).flatMap(({ imageDigest, imageTags }): ImageId[] =>
    imageTags.length > 0 ? imageTags.map((imageTag) => ({ imageDigest, imageTag })) : [{ imageDigest }],
  )
  const { page, nextToken } = pageOf(all, input)
  return { imageIds: page, nextToken }
}

/** Missing images are told in `failures`; nothing is thrown for them. */
export function batchGetImage(input: Input & { acceptedMediaTypes?: string[] }, call: Call): unknown {
  const { cloud } = call
  const name = begin('BatchGetImage', input, call)
  const images: unknown[] = []
  const failures: unknown[] = []
  for (const id of required(input.imageIds)) {
    const image = malformed(id) ? undefined : find(cloud, name, id)
    if (!image) failures.push(failure(id))
    else {
      const imageId = { imageDigest: image.imageDigest, ...(id.imageTag !== undefined && { imageTag: id.imageTag }) }
      const content = { imageManifest: image.manifest, imageManifestMediaType: image.mediaType }
      images.push({ registryId: cloud.accountId, repositoryName: name, imageId, ...content })
    }
  }
  return { images, failures }
}

/** A tag goes alone while the image has others; the digest takes the image with all its tags. */
export function batchDeleteImage(input: Input, call: Call): unknown {
  const { cloud } = call
  const name = begin('BatchDeleteImage', input, call)
  const imageIds: ImageId[] = []
  const failures: unknown[] = []
  for (const id of required(input.imageIds)) {
    const image = malformed(id) ? undefined : find(cloud, name, id)
    if (!image) {
      failures.push(failure(id))
      continue
    }
    const others = image.imageTags.filter((tag) => tag !== id.imageTag)
    const index = imagesOf(cloud.store, name).find(({ manifests }) => manifests.includes(image.imageDigest))
    if (id.imageTag !== undefined && others.length > 0) {
      cloud.store.put('repositoryImage', keyOf(name, image.imageDigest), { ...image, imageTags: others })
      imageIds.push({ imageDigest: image.imageDigest, imageTag: id.imageTag })
    } else if (index) {
      const reason = `Requested image referenced by manifest list: [${index.imageDigest}]`
      failures.push({ imageId: id, failureCode: 'ImageReferencedByManifestList', failureReason: reason })
    } else {
      removeImages(cloud, [image])
      const tags = image.imageTags.length > 0 ? image.imageTags : [undefined]
      imageIds.push(...tags.map((imageTag) => ({ imageDigest: image.imageDigest, ...(imageTag !== undefined && { imageTag }) })))
    }
  }
  return { imageIds, failures }
}

export function batchCheckLayerAvailability(input: Input & { layerDigests?: string[] }, call: Call): unknown {
  const { cloud } = call
  const name = begin('BatchCheckLayerAvailability', input, call)
  const digests = asList<string>(input.layerDigests, 'layerDigests', 100)
  if (!digests) throw invalid('layerDigests', 'Member must not be null')
  const wrong = digests.filter((digest) => !isDigest(digest))
  const layers = digests.filter(isDigest).map((layerDigest) => {
    const blob = cloud.store.get('repositoryBlob', keyOf(name, layerDigest))
    const there = blob && hasBlob(cloud.folder, layerDigest)
    return there ? { layerDigest, layerAvailability: 'AVAILABLE', layerSize: blob.size } : { layerDigest, layerAvailability: 'UNAVAILABLE' }
  })
  const failures = wrong.map((layerDigest) => ({ layerDigest, failureCode: 'InvalidLayerDigest', failureReason: 'Invalid layer digest' }))
  return { layers, failures }
}

function required(imageIds: unknown): ImageId[] {
  const ids = asList<ImageId>(imageIds, 'imageIds', 100)
  if (!ids) throw invalid('imageIds', 'Member must not be null')
  return ids
}

function find(cloud: Cloud, name: string, { imageDigest, imageTag }: ImageId): RepositoryImage | undefined {
  return findImage(cloud.store, name, {
    ...(imageTag !== undefined && { tag: imageTag }),
    ...(imageDigest !== undefined && { digest: imageDigest }),
  })
}

/** The code of what is wrong with an image id itself. */
function malformed({ imageDigest, imageTag }: ImageId): 'MissingDigestAndTag' | 'InvalidImageDigest' | undefined {
  if (imageDigest === undefined && imageTag === undefined) return 'MissingDigestAndTag'
  return imageDigest !== undefined && !isDigest(imageDigest) ? 'InvalidImageDigest' : undefined
}

function failure(id: ImageId): object {
  const code = malformed(id) ?? 'ImageNotFound'
  const reasons = {
    MissingDigestAndTag: 'Invalid request parameters: both tag and digest cannot be null',
    InvalidImageDigest: "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
    ImageNotFound: 'Requested image not found',
  }
  return { imageId: id, failureCode: code, failureReason: reasons[code] }
}

function imageNotFound(cloud: Cloud, name: string, { imageDigest, imageTag }: ImageId): never {
  const id = `{imageDigest:'${imageDigest ?? 'null'}', imageTag:'${imageTag ?? 'null'}'}`
  const words = `The image with imageId ${id} does not exist within the repository with name '${name}' in the registry with id '${cloud.accountId}'`
  throw new ApiError('ImageNotFoundException', words)
}

function filtered(images: readonly RepositoryImage[], { filter }: Input): RepositoryImage[] {
  const status = filter?.tagStatus ?? 'ANY'
  if (!['ANY', 'TAGGED', 'UNTAGGED'].includes(status))
    throw invalid('filter.tagStatus', 'Member must satisfy enum value set: [TAGGED, UNTAGGED, ANY]')
  return images.filter((image) => status === 'ANY' || (status === 'TAGGED') === image.imageTags.length > 0)
}
