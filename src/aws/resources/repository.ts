import { Failure } from '../../report/failure.ts'
import type { Clients } from '../clients.ts'
import { isNotFound } from '../errors.ts'
import type { Kind, Owner } from '../graph/inventory.ts'
import { resource } from '../graph/resource.ts'
import { type Tags, tagList } from '../tags.ts'

export interface Repository {
  readonly name: string
  /** `REGISTRY/NAME`, what an image reference starts with. */
  readonly uri: string
}

/** The full name of an owner's repository in ECR. */
export function repositoryName({ path }: Pick<Owner, 'path'>): string {
  return `${path}/images`
}

/** The repository that carries the owner's name. ECR has no filter by tag. */
export const repositories: Kind<Repository> = {
  name: 'repository',
  async list(clients, owner) {
    try {
      const { repositories = [] } = await (await clients.ecr()).describeRepositories({ repositoryNames: [repositoryName(owner)] })
      return repositories.map(({ repositoryName, repositoryUri }) => ({
        id: repositoryName!,
        tags: owner.tags,
        out: { name: repositoryName!, uri: repositoryUri! },
      }))
    } catch (error) {
      if (isNotFound(error)) return []
      throw error
    }
  },
}

/** How many of each image stay: enough for a rollback. */
const newestKept = 20
/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html, "Rules per lifecycle policy" */
const mostRules = 50

/** What the tag of an image begins with; names have no dots, so no image's tags begin like another's. */
export function tagPrefix(image: string): string {
  return `${image}.`
}

/** What lies in a repository beside images, and how many of it stay. */
export interface Records {
  /** What they are called in the policy. */
  readonly name: string
  /** What their tags begin with, and no image's do. */
  readonly tagPrefix: string
  readonly newestKept: number
}

/**
 * Old images go by themselves: of each image by itself, so that one which seldom changes outlives those that often do.
 * An image that a rule of higher priority is about is not touched by a later one.
 */
function lifecycleOf(images: readonly string[], records: readonly Records[]): string {
  const oldest = (rulePriority: number, description: string, selection: object) => ({
    rulePriority,
    description,
    selection: { ...selection, countType: 'imageCountMoreThan' },
    action: { type: 'expire' },
  })
  const tagged = (priority: number, name: string, prefix: string, countNumber: number) =>
    oldest(priority, `Keep the newest ${countNumber} of ${name}`, { tagStatus: 'tagged', tagPrefixList: [prefix], countNumber })
  const first = records.map(({ name, tagPrefix, newestKept }, index) => tagged(index + 1, name, tagPrefix, newestKept))
  const next = first.length + 1
  const others =
    images.length + first.length <= mostRules
      ? images.map((image, index) => tagged(index + next, image, tagPrefix(image), newestKept))
      : [
          oldest(next, `Keep the newest ${newestKept} of each image on average`, {
            tagStatus: 'any',
            // Whatever the first rules keep is counted as well.
            countNumber: records.reduce((sum, each) => sum + each.newestKept, newestKept * images.length),
          }),
        ]
  return JSON.stringify({ rules: [...first, ...others] })
}

/**
 * An image repository: tags never change their image, each push is scanned, old images expire. All images of an owner
 * share one, because layers are shared within a repository only: what several images stand on is uploaded once.
 * @param spec `name`: its full name in ECR; `images`: the names of those it is for; `records`: what else is pushed
 *   there
 */
export function repository(spec: { tags: Tags; name: string; images: readonly string[]; records: readonly Records[] }) {
  return resource({
    name: 'repository',
    needs: {},
    find: async ({ inventory }) => (await inventory.all(repositories))[0]?.out,
    async create(_up, { clients }): Promise<Repository> {
      const ecr = await clients.once.ecr()
      const { repository: made } = await ecr.createRepository({
        repositoryName: spec.name,
        imageTagMutability: 'IMMUTABLE',
        imageScanningConfiguration: { scanOnPush: true },
        tags: tagList(spec.tags),
      })
      return { name: spec.name, uri: made!.repositoryUri! }
    },
    async settle(out, _up, { clients }) {
      await (await clients.ecr()).putLifecyclePolicy({
        repositoryName: out.name,
        lifecyclePolicyText: lifecycleOf(spec.images, spec.records),
      })
      return out
    },
    async remove(out, { clients }) {
      await (await clients.ecr()).deleteRepository({ repositoryName: out.name, force: true })
    },
    label: (out) => out.uri,
  })
}

/** What a repository has under a tag. */
export interface TaggedManifest {
  readonly digest: string
  readonly manifest: string
}

/** What these tags name, by tag, in one call; nothing where the repository does not exist. At most 100 tags. */
export async function taggedManifests(
  clients: Clients,
  repositoryName: string,
  tags: readonly string[],
): Promise<ReadonlyMap<string, TaggedManifest>> {
  const ecr = await clients.ecr()
  try {
    const { images = [] } = await ecr.batchGetImage({
      repositoryName,
      imageIds: tags.map((imageTag) => ({ imageTag })),
      // Without them ECR may answer in another format than the one that was pushed, and so of another digest.
      acceptedMediaTypes: ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json'],
    })
    return new Map(
      images.map(({ imageId, imageManifest }) => [imageId!.imageTag!, { digest: imageId!.imageDigest!, manifest: imageManifest! }]),
    )
  } catch (error) {
    if (isNotFound(error)) return new Map()
    throw error
  }
}

/** Takes a tag from its image, which goes with its last one; layers that others have stay. */
export async function removeTag(clients: Clients, repositoryName: string, imageTag: string): Promise<void> {
  const { failures = [] } = await (await clients.ecr()).batchDeleteImage({ repositoryName, imageIds: [{ imageTag }] })
  const failure = failures.find(({ failureCode }) => failureCode !== 'ImageNotFound')
  if (failure)
    throw new Failure(`The tag ${imageTag} could not be removed: ${failure.failureReason}`, { on: `repository ${repositoryName}` })
}

/** Which of these layers a repository lacks; all of them when it does not exist. */
export async function missingLayers(clients: Clients, repositoryName: string, digests: readonly string[]): Promise<Set<string>> {
  const ecr = await clients.ecr()
  // At most 100 at a time, AWS's own limit.
  const parts = Array.from({ length: Math.ceil(digests.length / 100) }, (_, index) => digests.slice(100 * index, 100 * (index + 1)))
  try {
    const answers = await Promise.all(parts.map((layerDigests) => ecr.batchCheckLayerAvailability({ repositoryName, layerDigests })))
    const layers = answers.flatMap((answer) => answer.layers ?? [])
    const there = new Set(layers.filter((layer) => layer.layerAvailability === 'AVAILABLE').map((layer) => layer.layerDigest))
    return new Set(digests.filter((digest) => !there.has(digest)))
  } catch (error) {
    if (isNotFound(error)) return new Set(digests)
    throw error
  }
}

/**
 * How to log in to the account's registry: its origin and the value of the `Authorization` header, good for 12 hours.
 */
export async function registryLogin(clients: Clients): Promise<{ registry: string; authorization: string }> {
  const { authorizationData } = await (await clients.ecr()).getAuthorizationToken({})
  const { proxyEndpoint, authorizationToken } = authorizationData![0]!
  return { registry: proxyEndpoint!, authorization: `Basic ${authorizationToken}` }
}
