import { type Artifact, type Blob, bytesBlob, digestOf, type Image, type Layer, mediaTypes } from './blob.ts'

/** What an image's config says about how it runs, as the OCI image specification names it; the members that we know. */
export interface RunConfig {
  readonly Env?: readonly string[]
  readonly User?: string
  readonly WorkingDir?: string
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly ExposedPorts?: Readonly<Record<string, object>>
  readonly Labels?: Readonly<Record<string, string>>
  readonly StopSignal?: string
}

/** An image's config file. */
export interface ImageConfig {
  readonly architecture: string
  readonly os: string
  readonly variant?: string
  /** ISO 8601. */
  readonly created?: string
  readonly config?: RunConfig
  readonly rootfs: { readonly type: 'layers'; readonly diff_ids: readonly string[] }
  readonly history?: readonly Readonly<Record<string, unknown>>[]
}

/** Where a manifest says that something is. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
  readonly platform?: { readonly os: string; readonly architecture: string }
}

/** What a registry has under a reference: an image, or an index of images for several platforms. */
export interface RegistryManifest {
  readonly mediaType?: string
  readonly manifests?: readonly Descriptor[]
  readonly config?: Descriptor
  readonly layers?: readonly Descriptor[]
}

/** A layer, and how people are told where it came from. */
export interface Step {
  readonly layer: Layer
  readonly createdBy: string
}

/** Every image is of this moment: a date would be the only thing in which two builds of the same source differ. */
const created = '1970-01-01T00:00:00Z'

/** JSON with sorted keys and no blanks: the same value gives the same bytes. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
  })
}

/**
 * Puts an image together.
 *
 * @param below what it is laid on: the layers and config of a base image, or no layers and the bare platform
 * @param steps the layers on top, lowest first
 * @param config how it runs; overrides the base's, with the environments merged
 */
export function assemble(
  name: string,
  below: { layers: readonly Layer[]; config: ImageConfig },
  steps: readonly Step[],
  config: RunConfig,
): Image {
  const base = below.config
  const Env = mergeEnvironment(base.config?.Env ?? [], config.Env ?? [])
  const file = {
    architecture: base.architecture,
    os: base.os,
    ...(base.variant && { variant: base.variant }),
    created,
    config: { ...base.config, ...config, Env },
    rootfs: { type: 'layers', diff_ids: [...base.rootfs.diff_ids, ...steps.map((step) => step.layer.diffId)] },
    history: [...(base.history ?? []), ...steps.map((step) => ({ created, created_by: step.createdBy }))],
  }
  const layers = [...below.layers, ...steps.map((step) => step.layer)]
  return imageOf(name, Buffer.from(canonicalJson(file)), layers, `${base.os}/${base.architecture}`)
}

/** The image of a finished config file and its layers. */
export function imageOf(name: string, configFile: Buffer, layers: readonly Layer[], platform: string): Image {
  return { ...artifactOf(name, bytesBlob(configFile, mediaTypes.config), layers), platform }
}

/**
 * Puts under one digest what need not be an image. The media type of the config says what it is: that is the form which
 * every registry takes. ECR has refused an `artifactType` (https://github.com/oras-project/oras/issues/1133), and takes
 * nothing without a layer.
 */
export function artifactOf<B extends Blob>(name: string, config: Blob, layers: readonly B[]): Artifact & { readonly layers: readonly B[] } {
  const descriptor = ({ digest, size, mediaType }: Blob) => ({ digest, size, mediaType })
  const manifest = Buffer.from(
    canonicalJson({ schemaVersion: 2, mediaType: mediaTypes.manifest, config: descriptor(config), layers: layers.map(descriptor) }),
  )
  return { name, digest: digestOf(manifest), manifest, mediaType: mediaTypes.manifest, config, layers }
}

/** Environments are lists of `NAME=value`; a later one wins, at the place of the earlier. */
function mergeEnvironment(below: readonly string[], above: readonly string[]): string[] {
  const merged = new Map<string, string>()
  for (const pair of [...below, ...above]) merged.set(pair.slice(0, pair.indexOf('=')), pair)
  return [...merged.values()]
}
