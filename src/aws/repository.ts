import type { Clients } from './clients.ts'
import { codeOf } from './errors.ts'
import { resource } from './graph.ts'
import type { Kind } from './inventory.ts'
import { type Tags, tagList } from './tags.ts'

export interface Repository {
  readonly name: string
  /** `REGISTRY/NAME`, what an image reference starts with. */
  readonly uri: string
}

/** The repositories below the owner's path. ECR has no filter by tag. */
export const repositories: Kind<Repository> = {
  name: 'repository',
  async list(clients, owner) {
    const { paginateDescribeRepositories } = await import('@aws-sdk/client-ecr')
    const listed = []
    for await (const page of paginateDescribeRepositories({ client: await clients.ecr(), pageSize: 1000 }, {}))
      for (const { repositoryName, repositoryUri } of page.repositories ?? [])
        if (repositoryName!.startsWith(`${owner.path}/`))
          listed.push({ id: repositoryName!, tags: owner.tags, out: { name: repositoryName!, uri: repositoryUri! } })
    return listed
  },
}

/** Old images go by themselves, and enough stay for a rollback. */
const kept = 20
const lifecycle = {
  rules: [
    {
      rulePriority: 1,
      description: `Keep the newest ${kept} images`,
      selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: kept },
      action: { type: 'expire' },
    },
  ],
}

/** An image repository: tags never change their image, each push is scanned, old images expire. `path` is its full name in ECR. */
export function repository(spec: { tags: Tags; path: string }) {
  return resource({
    name: `repository ${spec.path.slice(spec.path.lastIndexOf('/') + 1)}`,
    needs: {},
    find: async ({ inventory }) => (await inventory.all(repositories)).find((listed) => listed.id === spec.path)?.out,
    async create(_up, { clients }): Promise<Repository> {
      const ecr = await clients.once.ecr()
      const { repository: made } = await ecr.createRepository({
        repositoryName: spec.path,
        imageTagMutability: 'IMMUTABLE',
        imageScanningConfiguration: { scanOnPush: true },
        tags: tagList(spec.tags),
      })
      return { name: spec.path, uri: made!.repositoryUri! }
    },
    async settle(out, _up, { clients }) {
      await (await clients.ecr()).putLifecyclePolicy({ repositoryName: out.name, lifecyclePolicyText: JSON.stringify(lifecycle) })
      return out
    },
    async remove(out, { clients }) {
      await (await clients.ecr()).deleteRepository({ repositoryName: out.name, force: true }).catch((error) => {
        if (codeOf(error) !== 'RepositoryNotFoundException') throw error
      })
    },
    label: (out) => out.uri,
  })
}

/** Which of these layers a repository lacks; all of them when it does not exist. At most 100 at a time, AWS's own limit. */
export async function missingLayers(clients: Clients, repositoryName: string, digests: readonly string[]): Promise<Set<string>> {
  try {
    const { layers = [] } = await (await clients.ecr()).batchCheckLayerAvailability({ repositoryName, layerDigests: [...digests] })
    const there = new Set(layers.filter((layer) => layer.layerAvailability === 'AVAILABLE').map((layer) => layer.layerDigest))
    return new Set(digests.filter((digest) => !there.has(digest)))
  } catch (error) {
    if (codeOf(error) === 'RepositoryNotFoundException') return new Set(digests)
    throw error
  }
}

/** How to log in to the account's registry: its origin and the value of the `Authorization` header, good for 12 hours. */
export async function registryLogin(clients: Clients): Promise<{ registry: string; authorization: string }> {
  const { authorizationData } = await (await clients.ecr()).getAuthorizationToken({})
  const { proxyEndpoint, authorizationToken } = authorizationData![0]!
  return { registry: proxyEndpoint!, authorization: `Basic ${authorizationToken}` }
}
