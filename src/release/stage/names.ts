/**
 * What a stage and a release consist of, and how a release comes up, is checked, promoted and retired. This room says
 * what happens in which order; how AWS is asked is `src/aws`, how an image is made is `src/image`.
 */
import type { Owner } from '../../aws/graph/inventory.ts'
import type { Tags } from '../../aws/tags.ts'

/** Which installation: enough to find everything of it again. */
export interface StageId {
  readonly app: string
  readonly stage: string
}

/** The owner of all that a stage has, as the tags and names of its resources say it. */
export function ownerOf({ app, stage }: StageId): Owner {
  return { tags: { 'mlops:app': app, 'mlops:stage': stage }, name: `${app}-${stage}`, path: `${app}/${stage}` }
}

/** The tags of a stage resource; `Name` is what the AWS console shows. */
export function stageTags(id: StageId, resource: string): Tags {
  const owner = ownerOf(id)
  return { ...owner.tags, 'mlops:resource': resource, Name: `${owner.name} ${resource}` }
}

/** The tags of a resource that belongs to one release. */
export function stackTags(id: StageId, release: number, resource: string): Tags {
  const owner = ownerOf(id)
  return { ...owner.tags, 'mlops:release': String(release), 'mlops:resource': resource, Name: `${owner.name}-${release} ${resource}` }
}

/** On a machine whose release has failed and that was left for a look: since when, in ISO 8601. */
export const keptTag = 'mlops:kept'

/** The release that a resource belongs to; undefined for a stage resource. */
export function releaseOf(tags: Tags): number | undefined {
  const release = tags['mlops:release']
  return release === undefined ? undefined : Number(release)
}

/** Where a stage keeps its parameters. */
export function parameterPath(id: StageId): string {
  return `/${ownerOf(id).path}`
}
