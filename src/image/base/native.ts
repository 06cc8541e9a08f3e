import { existsSync } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { Plugin } from 'esbuild'
import { Failure } from '../../report/failure.ts'
import { packageName, packageRoot } from '../package.ts'
import { run } from '../run.ts'
import { readBinary } from './binary.ts'
import { findProgram, parseLdd } from './program.ts'

/** A package with native addons (`.node` files), which cannot be bundled: it goes into the image as files. */
export interface NativePackage {
  readonly name: string
  /** Its folder on this machine, links resolved. */
  readonly root: string
  /** The modules of it that a service imports, absolute. */
  readonly entries: readonly string[]
}

/** A file for the image: where it lies here, and its absolute path there. */
export interface NativeFile {
  readonly path: string
  readonly file: string
}

/** What the files are for: `linux` or, for base `host` on a Mac, `darwin`; `amd64` or `arm64`. */
export interface Platform {
  readonly os: string
  readonly architecture: string
}

/**
 * Collects what a native package needs at run time: its own modules, what these import from other packages, and of its
 * binaries those for this platform with the libraries that they are linked against. Whatever else lies in the package,
 * such as drivers for graphics cards that its install script has fetched, stays here.
 *
 * @returns in no particular order, each path once
 * @throws Failure when the package has no binary for the platform
 */
export async function nativeFiles({ name, root, entries }: NativePackage, { os, architecture }: Platform): Promise<NativeFile[]> {
  const own = await filesUnder(root)
  const modules = own.filter((file) => /\.(?:[cm]?js|json)$/.test(file))
  const addons = own.filter((file) => file.endsWith('.node'))
  const binaries = new Set<string>()
  for (const addon of addons) await addBinary(addon, { os, architecture }, binaries)
  if (binaries.size === 0) throw noBinary(name, os, architecture)
  const imported = await importedFiles(entries)
  const packages = new Set([...imported, ...binaries].map((file) => packageRoot(file)).filter((folder) => folder !== undefined))
  // A package's other package.json files say which of its folders hold which kind of module.
  const manifests = (await Promise.all([...packages].map(filesUnder))).flat().filter((file) => file.endsWith('/package.json'))
  const files = new Set([...modules, ...binaries, ...imported.filter((file) => !file.endsWith('.node')), ...manifests])
  return [...files].map((file) => ({ file, path: imagePath(file, name, root) }))
}

/** The package itself keeps its inner structure; what it needs from elsewhere lies beside it, under its own name. */
function imagePath(file: string, name: string, root: string): string {
  if (file.startsWith(`${root}/`)) return `/app/node_modules/${name}/${relative(root, file)}`
  const owner = packageRoot(file)
  return owner ? `/app/node_modules/${packageName(owner)}/${relative(owner, file)}` : `/app/node_modules/${name}/${file.split('/').pop()}`
}

/** Adds a binary and the libraries beside it that it is linked against, unless it is for another platform. */
async function addBinary(file: string, { os, architecture }: Platform, found: Set<string>): Promise<void> {
  const binary = found.has(file) ? undefined : await readBinary(file)
  if (!binary || binary.platform !== os || binary.architecture !== architecture || binary.musl) return
  found.add(file)
  const folders = [dirname(file), ...binary.folders]
  const needed = binary.needed.flatMap((library) => folders.map((folder) => join(folder, library)).find(existsSync) ?? [])
  // Mach-O names its libraries in ways that are not read here: all that lie beside it are taken.
  const beside = os === 'darwin' ? (await readdir(dirname(file))).filter((name) => name.endsWith('.dylib')) : []
  for (const library of [...needed, ...beside.map((name) => join(dirname(file), name))]) {
    await addBinary(await realName(library), { os, architecture }, found)
  }
}

/**
 * Links are resolved, but only within a folder: the loader asks for the library by the name that it was found under.
 */
async function realName(library: string): Promise<string> {
  const real = await realpath(library)
  return dirname(real) === dirname(library) ? library : real
}

/**
 * Every file that these modules import, of whichever package, found by esbuild; what cannot be resolved is optional or
 * Node's own.
 */
async function importedFiles(entries: readonly string[]): Promise<string[]> {
  const unresolved: Plugin = {
    name: 'unresolved',
    setup(building) {
      building.onResolve({ filter: /./ }, async ({ path, pluginData, ...from }) => {
        if (pluginData === 'asked' || from.kind === 'entry-point') return undefined
        const result = await building.resolve(path, { ...from, pluginData: 'asked' })
        return result.errors.length > 0 ? { path, external: true } : undefined
      })
    },
  }
  const { build } = await import('esbuild')
  const { metafile } = await build({
    entryPoints: [...entries],
    absWorkingDir: '/',
    outdir: '/',
    bundle: true,
    write: false,
    metafile: true,
    platform: 'node',
    format: 'esm',
    loader: { '.node': 'empty' },
    tsconfigRaw: {},
    plugins: [unresolved],
    logLevel: 'silent',
  })
  return Object.keys(metafile.inputs)
    .map((path) => join('/', path))
    .filter(existsSync)
}

/** All files of a package, without those of packages that are installed inside of it. */
export async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const files = entries
    .filter(({ name }) => name !== 'node_modules')
    .map(async (entry) => {
      const path = join(folder, entry.name)
      const isFolder = entry.isSymbolicLink() ? (await stat(path)).isDirectory() : entry.isDirectory()
      return isFolder ? (entry.isSymbolicLink() ? [] : filesUnder(path)) : [path]
    })
  return (await Promise.all(files)).flat()
}

/**
 * The libraries of this machine that these binaries need and an image on base `host` does not have by Node: nothing on
 * a Mac, and in most cases nothing but a few that Node itself is not linked against.
 */
export async function systemLibraries(name: string, files: readonly NativeFile[]): Promise<NativeFile[]> {
  if (process.platform !== 'linux') return []
  const binaries = files.map(({ file }) => file).filter((file) => /\.node$|\.so(\.|$)/.test(file))
  const node = await findProgram('node')
  const own = new Set(node.libraries.map(({ path }) => path))
  const listed = await Promise.all(binaries.map((file) => run('ldd', [file])))
  const paths = new Set(listed.flatMap(({ stdout, code }) => (code === 0 ? parseLdd(stdout, name) : [])))
  const wanted = [...paths].filter((path) => !own.has(path) && !binaries.includes(path))
  return Promise.all(wanted.map(async (path) => ({ path, file: await realpath(path) })))
}

function noBinary(name: string, os: string, architecture: string): Failure {
  return new Failure(`The package ${name} has no binaries for ${os}/${architecture}.`, {
    on: `package ${name}`,
    likely: 'npm installs the binaries of some packages for this machine only, or its install script did not run.',
    next: 'Choose an instance type of the same architecture, or give the service a dockerfile instead of an entry.',
  })
}

/** Whether a package has native addons, remembered: packages do not change while a deploy runs. */
const native = new Map<string, Promise<boolean>>()

/** Whether this package has native addons: files that end in `.node`. */
export function isNative(root: string): Promise<boolean> {
  const known = native.get(root)
  if (known) return known
  const answer = filesUnder(root).then((files) => files.some((file) => file.endsWith('.node')))
  native.set(root, answer)
  return answer
}
