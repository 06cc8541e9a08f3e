import { createHash } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { manifestTypes } from '../../../../image/blob.ts'
import type { ImageConfig, RegistryManifest, RunConfig } from '../../../../image/manifest.ts'
import { read, refuseTransient, Transient } from '../../../../image/registry/connection.ts'
import { parseReference } from '../../../../image/registry/reference.ts'
import { insist, type Registry, registryAt } from '../../../../image/registry/registry.ts'
import { readWhole, writeWhole } from '../../../files/whole.ts'
import { daemon } from '../refusal.ts'
import { type LayerFacts, unpack, WrongContent } from './layer.ts'

/** An image that this engine has. */
export interface LocalImage {
  /** `sha256:…` of its config. */
  readonly id: string
  /** As in `docker image inspect`: `host/name:tag`, `host/name@sha256:…`. */
  readonly tags: readonly string[]
  readonly digests: readonly string[]
  /** Digests of its unpacked layers, lowest first. */
  readonly layers: readonly string[]
  readonly config: RunConfig
  readonly created: string
  readonly size: number
  readonly architecture: string
}

export type Images = ReturnType<typeof openImages>

const architecture = process.arch === 'arm64' ? 'arm64' : 'amd64'
const hex = (digest: string) => digest.slice('sha256:'.length)

/** @param folder where images.json and `layers` lie */
export function openImages(folder: string) {
  const file = join(folder, 'images.json')
  let images = readWhole<LocalImage[]>(file) ?? []
  const fetching = new Map<string, Promise<void>>()
  const layerFolder = (diffId: string) => join(folder, 'layers', hex(diffId))
  const save = (next: LocalImage[]) => {
    writeWhole(file, next)
    images = next
  }

  /** Two pulls that share a layer get it once. */
  const fetchLayer = (source: Source, layer: LayerFacts, progress: (line: string) => void): Promise<void> => {
    const short = hex(layer.digest).slice(0, 12)
    const target = layerFolder(layer.diffId)
    if (existsSync(`${target}.complete`)) {
      progress(`${short}: Already exists`)
      return Promise.resolve()
    }
    progress(`${short}: Pulling fs layer`)
    const running = fetching.get(target) ?? download(source, layer, target).finally(() => fetching.delete(target))
    fetching.set(target, running)
    return running.then(() => progress(`${short}: Pull complete`))
  }

  return {
    /** The folders of its unpacked layers, lowest first. */
    layers: ({ layers }: LocalImage) => layers.map(layerFolder),
    list: () => images,

    /** By reference or (the beginning of) its id. */
    find(text: string): LocalImage | undefined {
      const name = canonical(text)
      return (
        images.find(({ tags, digests }) => name !== undefined && [...tags, ...digests].some((each) => canonical(each) === name)) ??
        (/^(sha256:)?[0-9a-f]{4,64}$/.test(text) ? images.find(({ id }) => hex(id).startsWith(text.replace('sha256:', ''))) : undefined)
      )
    },

    /**
     * Gets an image from its registry, verified by digest, each layer once, however many pulls want it at the same
     * time.
     *
     * @param authorization what the registry is told, if anything
     * @param progress lines as docker shows them
     */
    async pull(text: string, authorization: string | undefined, progress: (line: string) => void) {
      const reference = parseReference(text)
      const known = reference.digest ? this.find(text) : undefined
      if (known) return { image: known, digest: reference.digest!, fresh: false }
      const source: Source = { text, repository: reference.repository, registry: registryAt(reference.origin, { authorization }) }
      const top = await small(source, `manifests/${reference.digest ?? reference.tag}`, reference.digest)
      const picked = top.body.manifests?.find(({ platform }) => platform?.os === 'linux' && platform.architecture === architecture)
      if (top.body.manifests && !picked) throw daemon(`no matching manifest for linux/${architecture} in the manifest list entries`)
      const { body } = picked ? await small(source, `manifests/${picked.digest}`, picked.digest) : top
      if (!body.config || !body.layers) throw daemon(`unsupported manifest format of ${text}`)
      const { body: config } = await small<ImageConfig>(source, `blobs/${body.config.digest}`, body.config.digest)
      const facts = body.layers.map((layer, index): LayerFacts => ({ ...layer, diffId: config.rootfs.diff_ids[index] ?? '' }))
      await Promise.all(facts.map((layer) => fetchLayer(source, layer, progress)))
      const id = body.config.digest
      const before = images.find((image) => image.id === id)
      const name = text.replace(/@.*|:[^/:]*$/g, '')
      const image: LocalImage = {
        id,
        tags: union(before?.tags, reference.tag && !reference.digest ? [`${name}:${reference.tag}`] : []),
        digests: union(before?.digests, [`${name}@${top.digest}`]),
        layers: facts.map(({ diffId }) => diffId),
        config: config.config ?? {},
        created: config.created ?? '1970-01-01T00:00:00Z',
        size: facts.reduce((sum, { size }) => sum + size, 0),
        architecture: config.architecture,
      }
      // A tag names one image only: it moves here from where it was.
      const others = images.filter((each) => each.id !== id)
      save([...others.map((each) => ({ ...each, tags: each.tags.filter((tag) => !image.tags.includes(tag)) })), image])
      return { image, digest: top.digest, fresh: !before }
    },

    /** Forgets one name, or all; with the last one goes the image, and layers that nothing needs any more. */
    remove(image: LocalImage, name?: string) {
      const left = (names: readonly string[]) => names.filter((each) => name !== undefined && canonical(each) !== canonical(name))
      const [tags, digests] = [left(image.tags), left(image.digests)]
      const others = images.filter(({ id }) => id !== image.id)
      if (tags.length + digests.length > 0) return save([...others, { ...image, tags, digests }])
      save(others)
      const needed = new Set(others.flatMap(({ layers }) => layers))
      for (const layer of image.layers.filter((each) => !needed.has(each))) {
        rmSync(`${layerFolder(layer)}.complete`, { force: true })
        rmSync(layerFolder(layer), { recursive: true, force: true })
      }
    },
  }
}

interface Source {
  readonly text: string
  readonly repository: string
  readonly registry: Registry
}

/** Unpacks a layer next to a mark that says it is complete; a kill in between leaves no mark. */
async function download({ text, repository, registry }: Source, layer: LayerFacts, target: string): Promise<void> {
  rmSync(target, { recursive: true, force: true })
  await insist(`pulling ${text}`, `image ${text}`, async () => {
    const answer = await registry.request(`${repository}/blobs/${layer.digest}`, { method: 'GET' })
    await refuseTransient(answer)
    if (answer.status !== 200) throw refused(text, answer.status, (await read(answer)).toString())
    try {
      await unpack(answer.body, layer, target)
    } catch (error) {
      rmSync(target, { recursive: true, force: true })
      if (error instanceof WrongContent) throw daemon(`failed to register layer: ${error.message}`)
      throw new Transient((error as Error).message, { cause: error })
    }
  })
  writeWhole(`${target}.complete`, {})
}

/** A manifest or config, verified where its digest is known beforehand. */
async function small<T = RegistryManifest>(
  { text, repository, registry }: Source,
  path: string,
  digest: string | undefined,
): Promise<{ body: T; digest: string }> {
  return insist(`pulling ${text}`, `image ${text}`, async () => {
    const answer = await registry.request(`${repository}/${path}`, { method: 'GET', headers: { accept: manifestTypes } })
    await refuseTransient(answer)
    const bytes = await read(answer)
    if (answer.status !== 200) throw refused(text, answer.status, bytes.toString())
    const actual = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    if (digest && digest !== actual) throw daemon(`${path} of ${text} has another digest: ${actual}`)
    return { body: JSON.parse(bytes.toString()), digest: actual }
  })
}

/** A registry's refusal in docker's words. */
function refused(text: string, status: number, body: string): Error {
  const said = /"message"\s*:\s*"([^"]*)"/.exec(body)?.[1] ?? body.slice(0, 200)
  if (status === 404) return daemon(`manifest for ${text} not found: manifest unknown: ${said}`)
  if (status === 401) return daemon(`Head "${text}": no basic auth credentials`)
  return daemon(`pull access denied for ${text}: ${status} ${said}`)
}

/** The same for every way to write a reference; undefined for what is none. */
function canonical(text: string): string | undefined {
  try {
    const { origin, repository, tag, digest } = parseReference(text)
    return `${origin}/${repository}${digest ? `@${digest}` : `:${tag}`}`
  } catch {
    return undefined // an image's id, perhaps
  }
}

function union(before: readonly string[] = [], added: readonly string[]): string[] {
  return [...new Set([...before, ...added])]
}
