import { elasticIp } from '../../aws/resources/elastic-ip.ts'
import { instanceProfile } from '../../aws/resources/instance-profile.ts'
import { managedInstanceCore } from '../../aws/resources/managed-policy.ts'
import { type Records, repository, repositoryName } from '../../aws/resources/repository.ts'
import { role } from '../../aws/resources/role.ts'
import { machinePolicy } from './machine-policy.ts'
import { ownerOf, type StageId, stageTags } from './names.ts'

/**
 * The launch descriptions of releases, which lie beside their images. The ledger knows no more than 100 releases
 * (Parameter Store keeps as many versions), and each has one. Names of images have no underscores, so the tags of none
 * begin like these.
 */
export const launches: Records = { name: 'launch descriptions', tagPrefix: 'release_', newestKept: 100 }

/**
 * The base images that images of the stage stand on. At most some ten are in use at a time (a release has five, for one
 * architecture), so one that is in use would have to outlast ninety others that are newer.
 */
export const bases: Records = { name: 'base images', tagPrefix: 'base_', newestKept: 100 }

export type StageResources = ReturnType<typeof stageResources>

/** What outlives the releases of a stage. `images`: the names of those that the repository is for. */
export function stageResources(id: StageId & { readonly permissionsBoundary?: string | undefined }, images: readonly string[]) {
  const { name, path } = ownerOf(id)
  const theRole = role({
    tags: stageTags(id, 'role'),
    name,
    managed: [managedInstanceCore],
    policy: (partition) => machinePolicy(id, partition),
    boundary: id.permissionsBoundary,
  })
  return {
    elasticIp: elasticIp({ tags: stageTags(id, 'elastic-ip') }),
    profile: instanceProfile({ tags: stageTags(id, 'instance-profile'), name, role: theRole }),
    repository: repository({ tags: stageTags(id, 'repository'), name: repositoryName({ path }), images, records: [launches, bases] }),
  }
}
