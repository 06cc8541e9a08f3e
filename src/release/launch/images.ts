import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { hasToken, serviceToken } from '../../../config/access.ts'
import type { Config } from '../../../config/config.ts'
import { adminPassword, monitoringServers, type Server } from '../../../monitoring/index.ts'
import { tagPrefix } from '../../aws/resources/repository.ts'
import { hostArchitecture } from '../../image/base/host.ts'
import { howToGet, programOnPath } from '../../image/base/program.ts'
import type { Image } from '../../image/blob.ts'
import { buildDockerfileImage } from '../../image/dockerfile.ts'
import { buildFilesImage, buildServiceImage, type ResolveBase } from '../../image/image.ts'
import { contentTag, type Pushed, pushImage, type Target } from '../../image/registry/push.ts'
import { bytes } from '../../report/bytes.ts'
import { shortDigest } from '../../report/digest.ts'
import type { Emit } from '../../report/event.ts'
import { type StepOutcome, step } from '../../report/step.ts'
import { settled } from '../plan/settled.ts'
import { schemaPath } from './containers.ts'

/** The image of one container of the release. */
export interface ImageRecipe {
  /** Of the container and the image. */
  readonly name: string
  /** The image that it is laid on, where that is one of a registry. */
  readonly base?: string | undefined
  /** @param resolve how its base is found; by default where its reference says */
  build(architecture: string, resolve?: ResolveBase): Promise<Image>
}

export interface Recipes {
  readonly recipes: readonly ImageRecipe[]
  /** Secrets that users must have set, and those that are made when they are missing. */
  readonly wantedSecrets: readonly string[]
  readonly ownSecrets: readonly string[]
  /** What the config asks for and this machine cannot give, each as one sentence. */
  readonly missing: readonly string[]
}

/** The secrets that a deploy makes up where they are not there. */
const generated = [adminPassword, serviceToken]

/** How the images of a config are made: one for each service, one for each monitoring server that can be had. */
export function recipesOf(config: Config): Recipes {
  const cacheFolder = cacheFolderOf(config)
  const services = config.services.map(({ name, source, schema }): ImageRecipe => {
    const options = { name, projectFolder: config.folder, cacheFolder }
    if ('dockerfile' in source)
      return { name, build: (architecture) => buildDockerfileImage({ ...options, dockerfile: source.dockerfile, architecture }) }
    const { base } = config
    return {
      name,
      base: ofRegistry(base),
      build: async (architecture, resolve) =>
        buildServiceImage({
          ...options,
          entry: source.entry,
          base,
          resolve,
          architecture: architectureOn(base, architecture),
          ...(schema === undefined ? {} : { files: { [schemaPath]: await readFile(schema, 'utf8') } }),
        }),
    }
  })
  const secretsAgent: ImageRecipe = {
    name: 'secrets',
    base: ofRegistry(config.base),
    build: (architecture, resolve) =>
      buildServiceImage({
        name: 'secrets',
        projectFolder: config.folder,
        cacheFolder,
        entry: fileURLToPath(new URL('../../secrets-agent/main.ts', import.meta.url)),
        base: config.base,
        resolve,
        architecture: architectureOn(config.base, architecture),
      }),
  }
  const servers = monitoringServers(config)
  const absent = servers.filter((server) => server.base === 'host' && !programOf(server))
  const present = servers.filter((server) => !absent.includes(server))
  const secrets = new Set([
    ...config.services.flatMap((service) => Object.values(service.secrets)),
    ...present.flatMap((server) => server.secrets),
    ...(hasToken(config) ? [serviceToken] : []),
  ])
  return {
    recipes: [...services, ...present.map((server) => serverRecipe(server, cacheFolder)), ...(secrets.size > 0 ? [secretsAgent] : [])],
    wantedSecrets: [...secrets].filter((name) => !generated.includes(name)),
    ownSecrets: [...secrets].filter((name) => generated.includes(name)),
    missing: absent.map(({ name }) => `${name} is not on this machine (${howToGet(name)})`),
  }
}

/** The program of a monitoring server on this machine; undefined where it has none. */
function programOf({ programs }: Server): string | undefined {
  return programs.find((name) => programOnPath(name))
}

function serverRecipe(server: Server, cacheFolder: string): ImageRecipe {
  const { name, base, folders, directories, environment, user, workingDirectory, command } = server
  return {
    name,
    base: ofRegistry(base),
    build: (architecture, resolve) =>
      buildFilesImage({
        name,
        base,
        resolve,
        folders,
        directories,
        environment,
        user,
        cacheFolder,
        files: server.files(),
        program: programOf(server) ?? name,
        ...(workingDirectory === undefined ? {} : { workingDirectory }),
        ...(command ? { cmd: command } : {}),
        architecture: architectureOn(base, architecture),
      }),
  }
}

function ofRegistry(base: string): string | undefined {
  return base === 'host' ? undefined : base
}

/** Where what takes long to make or to download is kept between runs. */
export function cacheFolderOf({ folder }: Pick<Config, 'folder'>): string {
  return join(folder, '.mlops', 'cache')
}

/** A base taken from this machine has this machine's architecture, whatever the instance type says. */
function architectureOn(base: string, architecture: string): string {
  return base === 'host' ? hostArchitecture() : architecture
}

/**
 * Builds images side by side.
 * @param resolve how their bases are found
 */
export async function buildImages(
  recipes: readonly ImageRecipe[],
  architecture: string,
  resolve: ResolveBase,
  emit: Emit,
): Promise<Map<string, Image>> {
  const built = await settled(
    recipes.map(async ({ name, build }) => {
      const outcome = ({ digest }: Image): StepOutcome => ({ state: 'done', detail: shortDigest(digest) })
      return [name, await step(emit, { phase: 'build', step: name }, () => build(architecture, resolve), outcome)] as const
    }),
  )
  return new Map(built)
}

/** Pushes images side by side. An unchanged image uploads nothing, and a layer that several have is uploaded once. */
export async function pushImages(images: ReadonlyMap<string, Image>, repository: Target, emit: Emit): Promise<void> {
  await settled(
    [...images].map(async ([name, image]) => {
      const target = { ...repository, tag: `${tagPrefix(name)}${contentTag(image.digest)}` }
      const outcome = ({ uploadedBytes }: Pushed): StepOutcome => ({
        state: 'done',
        detail: uploadedBytes === 0 ? 'unchanged' : bytes(uploadedBytes),
      })
      await step(emit, { phase: 'push', step: name }, (progress) => pushImage(image, target, progress), outcome)
    }),
  )
}

/** Digest by image name. */
export function digestsOf(images: ReadonlyMap<string, { readonly digest: string }>): Record<string, string> {
  return Object.fromEntries([...images].map(([name, { digest }]) => [name, digest]))
}
