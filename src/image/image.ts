import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { type Base, resolveBase } from './base/base.ts'
import { hostLayer } from './base/host.ts'
import { keptLayer } from './base/kept-layer.ts'
import { filesUnder, type NativePackage, nativeFiles, systemLibraries } from './base/native.ts'
import type { Image, Layer } from './blob.ts'
import { bundle } from './bundle.ts'
import { type Entry, memoryLayer } from './layer.ts'
import { assemble, type ImageConfig, type RunConfig, type Step } from './manifest.ts'

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * glibc gives each thread a heap of its own and rarely gives back what it held: with one for all, Node takes a tenth
 * less.
 */
const allocator = ['MALLOC_ARENA_MAX=1']

/** How the base of a reference is found, where it is not simply looked for in its registry. */
export type ResolveBase = (reference: string, architecture: string) => Promise<Base>

export interface ServiceImageOptions {
  /** The service, for messages; no part of the image. */
  readonly name: string
  /** Absolute path of the TypeScript or JavaScript entry. */
  readonly entry: string
  /** Absolute path of the project; names in the bundle are relative to it. */
  readonly projectFolder: string
  /** An image reference whose image has Node at /usr/local/bin/node, or `host`. */
  readonly base: string
  readonly resolve?: ResolveBase | undefined
  /** `amd64` or `arm64`. */
  readonly architecture: string
  /** Small files beside the bundle: absolute path in the image → text. Readable by every user. */
  readonly files?: Readonly<Record<string, string>>
  /** Keeps what takes long to make or to download. */
  readonly cacheFolder: string
}

/**
 * Builds the image of a service, on the base: a layer for each package with native code, one for the files in the
 * folder `model` beside the entry (`/app/model`), and its bundle. Depends on nothing but the source, the base and what
 * the source imports.
 *
 * @throws Failure when the bundle cannot be made, a package has no binaries for this architecture, or the base cannot
 *   be had for it
 */
export async function buildServiceImage({
  name,
  entry,
  projectFolder,
  base,
  resolve,
  architecture,
  files = {},
  cacheFolder,
}: ServiceImageOptions): Promise<Image> {
  const bundling = bundle(name, entry, projectFolder)
  const [below, { text }, natives, model] = await Promise.all([
    foundation({ base, resolve, architecture, cacheFolder }, 'node'),
    bundling,
    bundling.then(({ natives }) => Promise.all(natives.map((each) => nativeStep(each, base, architecture, cacheFolder)))),
    modelStep(name, join(dirname(entry), 'model'), cacheFolder),
  ])
  const layer = await memoryLayer([
    { path: '/app', directory: true },
    { path: '/app/server.mjs', content: text },
    ...Object.entries(files).map(([path, content]) => ({ path, content })),
    // A fresh volume takes the owner of the folder it is mounted on, so the service may write there.
    { path: '/data', directory: true, mode: 0o755, uid: 1000, gid: 1000 },
  ])
  return assemble(name, below, [...natives, ...model, { layer, createdBy: 'service bundle' }], {
    Env: [...below.environment, 'NODE_ENV=production', 'HOST=0.0.0.0', 'DATA_DIR=/data', ...allocator],
    User: '1000:1000',
    WorkingDir: '/app',
    Entrypoint: ['/usr/local/bin/node', '--disable-warning=ExperimentalWarning', '/app/server.mjs'],
    Cmd: [],
  })
}

/** The layer of a package with native code. Every service and release that has the package has the same layer. */
async function nativeStep(native: NativePackage, base: string, architecture: string, cacheFolder: string): Promise<Step> {
  const os = base === 'host' ? process.platform : 'linux'
  const files = await nativeFiles(native, { os, architecture })
  const libraries = base === 'host' ? await systemLibraries(native.name, files) : []
  const label = ['native', native.name.replaceAll('/', '+'), os, architecture, ...(base === 'host' ? ['host'] : [])].join('-')
  return { layer: await layerOfFiles([...files, ...libraries], label, cacheFolder), createdBy: `package ${native.name}` }
}

/** The layer of the folder `model`, which may be bigger than memory; none where there is no such folder. */
async function modelStep(service: string, folder: string, cacheFolder: string): Promise<Step[]> {
  if (!existsSync(folder)) return []
  const files = (await filesUnder(folder)).map((file) => ({ file, path: `/app/model/${relative(folder, file)}` }))
  return [{ layer: await layerOfFiles(files, `model-${service}`, cacheFolder), createdBy: 'model' }]
}

/** A kept layer of files that every user may read. */
async function layerOfFiles(
  files: readonly { readonly path: string; readonly file: string }[],
  label: string,
  cacheFolder: string,
): Promise<Layer> {
  const facts = await Promise.all(files.map(async ({ path, file }) => ({ path, file, facts: await stat(file) })))
  const sorted = facts.toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const entries = sorted.map(({ path, file, facts: { size } }): Entry => ({ path, file, size }))
  return keptLayer(
    cacheFolder,
    label,
    entries,
    sorted.map(({ path, file, facts: { size, mtimeMs } }) => [path, file, size, mtimeMs]),
  )
}

export interface FilesImageOptions {
  readonly name: string
  /** An image reference, or `host` for a program of this machine. */
  readonly base: string
  readonly resolve?: ResolveBase | undefined
  /**
   * For base `host`: the program by its name on the PATH, and folders of this machine that it needs, kept at the same
   * place.
   */
  readonly program?: string
  readonly folders?: readonly string[]
  /** Absolute path in the image → text. Readable by every user. */
  readonly files: Readonly<Record<string, string>>
  /** Directories that the program writes to. */
  readonly directories?: readonly { readonly path: string; readonly mode?: number; readonly uid?: number; readonly gid?: number }[]
  /** What differs from the base's own config. On base `host` the entrypoint is the program unless it is given. */
  readonly entrypoint?: readonly string[]
  readonly cmd?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly user?: string
  readonly workingDirectory?: string
  readonly architecture: string
  readonly cacheFolder: string
}

/**
 * Builds the image of a program that others wrote, with one layer of generated files on top: Prometheus, Grafana.
 * The base's entrypoint, command, user and environment stay unless something else is given.
 *
 * @throws Failure when the program is not on this machine (ask `programOnPath` before), or the base cannot be had for
 *   this architecture
 */
export async function buildFilesImage(options: FilesImageOptions): Promise<Image> {
  const { name, program = name, folders, files, directories = [] } = options
  const entries: Entry[] = Object.entries(files).map(([path, content]) => ({ path, content }))
  const [below, layer] = await Promise.all([
    foundation(options, program, folders),
    memoryLayer([...entries, ...directories.map((directory) => ({ ...directory, directory: true as const }))]),
  ])
  const entrypoint = options.entrypoint ?? (below.program && [below.program])
  const config: RunConfig = {
    Env: [...below.environment, ...Object.entries(options.environment ?? {}).map(([key, value]) => `${key}=${value}`)],
    ...(entrypoint && { Entrypoint: entrypoint }),
    // Another entrypoint would not know what to do with the arguments of the base's own.
    ...(options.cmd ? { Cmd: options.cmd } : options.entrypoint && { Cmd: [] }),
    ...((options.user ?? below.program) && { User: options.user ?? '1000:1000' }),
    ...(options.workingDirectory && { WorkingDir: options.workingDirectory }),
  }
  return assemble(name, below, [{ layer, createdBy: 'generated files' }], config)
}

interface Foundation {
  readonly layers: readonly Layer[]
  readonly config: ImageConfig
  readonly environment: readonly string[]
  /** Where the program lies in the image; known for base `host` only. */
  readonly program: string | undefined
}

async function foundation(
  { base, architecture, cacheFolder, resolve }: Pick<FilesImageOptions, 'base' | 'architecture' | 'cacheFolder' | 'resolve'>,
  program: string,
  folders: readonly string[] = [],
): Promise<Foundation> {
  if (base !== 'host') {
    const { layers, config } = await (resolve ? resolve(base, architecture) : resolveBase(base, architecture, { cacheFolder }))
    return { layers, config, environment: [], program: undefined }
  }
  const host = await hostLayer(program, architecture, cacheFolder, folders)
  const os = process.platform === 'linux' ? 'linux' : process.platform
  const rootfs = { type: 'layers' as const, diff_ids: [host.layer.diffId] }
  return {
    layers: [host.layer],
    config: { architecture, os, rootfs, history: [{ created: '1970-01-01T00:00:00Z', created_by: `${program} of the host` }] },
    environment: [`PATH=${path}`, ...Object.entries(host.environment).map(([key, value]) => `${key}=${value}`)],
    program: host.program,
  }
}
