import type { Clients } from '../../aws/clients.ts'
import { registryLogin, repositoryName } from '../../aws/resources/repository.ts'
import { bytesBlob } from '../../image/blob.ts'
import { artifactOf } from '../../image/manifest.ts'
import { pullContent } from '../../image/registry/pull.ts'
import { contentTag, pushImage, type Target } from '../../image/registry/push.ts'
import { Failure } from '../../report/failure.ts'
import type { LaunchDescription } from '../launch/launch-description.ts'
import { ownerOf, type StageId } from '../stage/names.ts'
import { launches } from '../stage/stage-resources.ts'
import type { LedgerEntry } from './ledger.ts'

/**
 * Launch descriptions lie in the stage's image repository, beside the images that they name: it takes content of any
 * size, gives it back by its digest, and goes with the stage. A parameter, 8 KB at most, would not hold the
 * environments of many services.
 */
const types = {
  config: 'application/vnd.mlops.launch.config.v1+json',
  description: 'application/vnd.mlops.launch.v1+json',
} as const

/** A launch description, and the digest by which it is found again. */
export interface KeptLaunch {
  readonly description: LaunchDescription
  readonly digest: string
}

/**
 * Keeps the description of a release's launch.
 * @param repository the stage's own
 */
export async function keepLaunch(repository: Target, description: LaunchDescription): Promise<KeptLaunch> {
  const content = bytesBlob(Buffer.from(JSON.stringify(description)), types.description)
  const artifact = artifactOf('launch description', bytesBlob(Buffer.from('{}'), types.config), [content])
  // A run that was killed may have kept another description under the same number, and a tag never moves.
  const tag = `${launches.tagPrefix}${description.release}.${contentTag(artifact.digest)}`
  const { digest } = await pushImage(artifact, { ...repository, tag })
  return { description, digest }
}

/**
 * The description of a release's launch, as it was kept.
 * @throws Failure when the release has none, it has expired, or another version of this project has written it
 */
export async function readLaunch(clients: Clients, id: StageId, { release, launch }: LedgerEntry): Promise<LaunchDescription> {
  const what = `The launch description of release ${release} could not be read`
  if (launch === undefined)
    throw new Failure(`Release ${release} has no launch description`, {
      on: `stage ${id.stage} of ${id.app}`,
      likely: 'Nothing was launched, or it was launched before descriptions were kept.',
    })
  const repository = { ...(await registryLogin(clients)), repository: repositoryName(ownerOf(id)) }
  const { mediaType, content } = await pullContent(repository, launch, what)
  if (mediaType !== types.description)
    throw new Failure(`${what}: it is ${mediaType}`, { on: launch, likely: 'Another version of this project has written it.' })
  return JSON.parse(content.toString()) as LaunchDescription
}
