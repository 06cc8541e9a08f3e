import { createHash } from 'node:crypto'
import type { Clients } from '../../aws/clients.ts'
import { type Repository, registryLogin, removeTag, type TaggedManifest, taggedManifests } from '../../aws/resources/repository.ts'
import { type Base, type Mirror, resolveBase } from '../../image/base/base.ts'
import type { ResolveBase } from '../../image/image.ts'
import { pushImage, type Target } from '../../image/registry/push.ts'
import { parseReference } from '../../image/registry/reference.ts'
import { settled } from '../plan/settled.ts'
import { bases as basesOfStage } from '../stage/stage-resources.ts'

/** A base image of the config, and where its stage has it. */
export interface StageBase {
  /** As the config gives it. */
  readonly reference: string
  /** The tag of the stage's repository that it is pinned under, which never names another architecture's. */
  readonly tag: string
  /** The digest of the image that it is pinned to; undefined where it is not pinned yet. */
  readonly pinned: string | undefined
  /** The digest that its pin is moved to. */
  readonly moves: string | undefined
}

/** The base images of a release. */
export interface Bases {
  readonly all: readonly StageBase[]
  /** Finds a base: by its pin where it has one that stays, else by its registry, and that once in a run. */
  readonly resolve: ResolveBase
}

/** The base images of a release that has none. */
export const noBases: Bases = { all: [], resolve: (reference) => Promise.reject(new Error(`${reference} was not looked for`)) }

interface LookOptions {
  readonly architecture: string
  readonly cacheFolder: string
  /** Whether those that are given by a tag are asked for anew. */
  readonly update: boolean
}

/**
 * What base images are pinned to. A base is mirrored into its stage's repository when a release on it serves: under a
 * tag for its reference and architecture, which is the pin, so that every clone finds it and no registry of others is
 * asked again. What a tag names elsewhere may change; what a release is laid on changes when somebody wants it to.
 *
 * @param repository of the stage; undefined where it is not there yet, and so no pin
 * @throws Failure when bases are asked for anew and their registry does not give them
 */
export async function lookForBases(
  clients: Clients,
  repository: Repository | undefined,
  references: readonly string[],
  { architecture, cacheFolder, update }: LookOptions,
): Promise<Bases> {
  const wanted = [...new Set(references)].map((reference) => ({ reference, tag: tagOf(reference, architecture) }))
  const tags = wanted.map(({ tag }) => tag)
  const pins = repository && tags.length > 0 ? await taggedManifests(clients, repository.name, tags) : new Map<string, TaggedManifest>()
  const found = new Map<string, Promise<Base>>()
  const resolve: ResolveBase = (reference, of) => {
    const key = tagOf(reference, of)
    const pin = pins.get(key)
    const base =
      found.get(key) ?? resolveBase(reference, of, { cacheFolder, mirror: repository && pin && mirrorOf(clients, repository, pin) })
    found.set(key, base)
    return base
  }
  const all = await settled(
    wanted.map(async ({ reference, tag }): Promise<StageBase> => {
      const pinned = pins.get(tag)?.digest
      // A digest names what it names: there is nothing to ask for.
      if (!update || pinned === undefined || parseReference(reference).digest) return { reference, tag, pinned, moves: undefined }
      const newest = await resolveBase(reference, architecture, { cacheFolder })
      if (newest.image.digest === pinned) return { reference, tag, pinned, moves: undefined }
      found.set(tag, Promise.resolve(newest))
      return { reference, tag, pinned, moves: newest.image.digest }
    }),
  )
  return { all, resolve }
}

/**
 * Mirrors base images into the stage's repository and pins them. Their layers are there once an image on them was
 * pushed, so this sends manifests and configs.
 *
 * @param repository of the stage, with a login
 */
export async function pinBases(clients: Clients, bases: Bases, architecture: string, repository: Target): Promise<void> {
  await settled(
    unpinned(bases).map(async ({ reference, tag, moves }) => {
      const { image } = await bases.resolve(reference, architecture)
      // Tags of the repository never change their image. A run that is killed in between leaves no pin, as before the
      // first.
      if (moves !== undefined) await removeTag(clients, repository.repository, tag)
      await pushImage(image, { ...repository, tag })
    }),
  )
}

/** The bases that a run has to pin, or to pin anew. */
export function unpinned({ all }: Bases): StageBase[] {
  return all.filter(({ pinned, moves }) => pinned === undefined || moves !== undefined)
}

function mirrorOf(clients: Clients, { uri, name }: Repository, { digest, manifest }: TaggedManifest): Mirror {
  return {
    registry: parseReference(uri).origin,
    repository: name,
    digest,
    manifest,
    login: async () => ({ from: 'the login of the account', authorization: (await registryLogin(clients)).authorization }),
  }
}

/** Tags have 128 characters at most, and no slashes. */
function tagOf(reference: string, architecture: string): string {
  const hash = createHash('sha256').update(`${reference} linux/${architecture}`).digest('hex')
  return `${basesOfStage.tagPrefix}${hash.slice(0, 24)}`
}
