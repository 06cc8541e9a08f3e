import type { Config } from '../../../config/config.ts'
import { type Job, jobs, monitoringLaunchFiles } from '../../../monitoring/index.ts'
import type { Located } from '../../image/registry/push.ts'
import { containersOf, type DescribedContainer, secretsAgentOf } from './containers.ts'
import { digestsOf } from './images.ts'
import type { Launch, SecretsAgent } from './script-input.ts'

/**
 * What a release is launched from, on any machine and as often as wanted: all that a launch script needs but what
 * differs from one launch to the next. It is kept as long as the release is known (`state/launch-store.ts`), so what is
 * in it goes by names and numbers that JSON has.
 */
export interface LaunchDescription {
  readonly release: number
  /** The host of the image registry. */
  readonly registry: string
  readonly containers: readonly DescribedContainer[]
  /** Names of secrets and who reads them; absent when no container has any. */
  readonly secretsAgent?: SecretsAgent
  /** What Prometheus scrapes; nothing without it. */
  readonly scraped: readonly Job[]
  /** The commit that it was built from, where the project is a git checkout. */
  readonly commit?: string
  /** Digest by image name. */
  readonly images: Readonly<Record<string, string>>
}

/** What differs from one launch of a release to the next. */
export interface LaunchCircumstances {
  /** The machine's own address. */
  readonly address: string
  /** What tells this launch from every other one. */
  readonly identity: string
  /** When, in ms since the epoch. */
  readonly at: number
  /** Who launches it. */
  readonly by: string
}

/** Describes the launch of a release. What it has no image of is left out. */
export function describeLaunch(
  config: Config,
  { release, commit, images }: { release: number; commit: string | undefined; images: ReadonlyMap<string, Located> },
): LaunchDescription {
  const containers = containersOf(config, images)
  const secretsAgent = secretsAgentOf(config, images, containers)
  return {
    release,
    registry: [...images.values()][0]!.reference.split('/')[0]!,
    containers,
    ...(secretsAgent ? { secretsAgent } : {}),
    scraped: jobs(config)
      .filter(({ name }) => images.has(name))
      .map(({ name, port }) => ({ name, port })),
    ...(commit === undefined ? {} : { commit }),
    images: digestsOf(images),
  }
}

/** One launch of a release, on one machine. */
export function launchOn(description: LaunchDescription, { address, identity, at, by }: LaunchCircumstances): Launch {
  const { release, registry, containers, secretsAgent, scraped, commit, images } = description
  return {
    release,
    identity,
    address,
    registry,
    containers: containers.map(({ addresses, ...container }) => ({
      ...container,
      environment: {
        ...container.environment,
        ...Object.fromEntries(Object.entries(addresses).map(([variable, port]) => [variable, `http://${address}:${port}`])),
        // A service answers with it, so that it can be told that this launch of it does.
        ...(container.kind === 'service' ? { RELEASE_ID: identity } : {}),
      },
    })),
    secretsAgent,
    files: monitoringLaunchFiles(scraped, address, { release, at, by, commit, images }),
  }
}
