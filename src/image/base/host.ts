import { existsSync, realpathSync } from 'node:fs'
import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Failure } from '../../report/failure.ts'
import type { Layer } from '../blob.ts'
import type { Entry } from '../layer.ts'
import { keptLayer } from './kept-layer.ts'
import { findProgram } from './program.ts'

/** Raise it whenever the same files would give another layer. */
const format = 2

/**
 * The lowest layer of an image on base `host`: a program of this machine and what it needs to run in an otherwise empty
 * image.
 */
export interface HostLayer {
  readonly layer: Layer
  /** Where the program lies in the image. */
  readonly program: string
  /** What the program's environment must have, beside what every image has. */
  readonly environment: Readonly<Record<string, string>>
}

const building = new Map<string, Promise<HostLayer>>()

/**
 * The host layer of a program.
 *
 * @param name `node` for the running Node (`/usr/local/bin/node` in the image), or a program on the PATH
 *   (`/bin/<name>`)
 * @param architecture `amd64` or `arm64`; must be this machine's
 * @param cacheFolder keeps the layer; it is made again when the program, a library or a folder has changed
 * @param folders absolute paths of folders of this machine that the program needs, kept at the same place in the image
 * @throws Failure when the program is not there, or the machine has another architecture
 */
export async function hostLayer(
  name: string,
  architecture: string,
  cacheFolder: string,
  folders: readonly string[] = [],
): Promise<HostLayer> {
  const own = hostArchitecture()
  if (architecture !== own) {
    throw new Failure(`The base "host" makes ${own} images on this machine, but the instance needs ${architecture}.`, {
      on: `program ${name}`,
      next: 'Choose an instance type of the same architecture, or an image reference as base in mlops.config.ts.',
    })
  }
  // Every service of a release asks for the same layer at the same time.
  const key = JSON.stringify([cacheFolder, name, folders])
  const running = building.get(key)
  if (running) return running
  const layer = makeOrReuse(basename(name), name, cacheFolder, folders).finally(() => building.delete(key))
  building.set(key, layer)
  return layer
}

/** The architecture of this machine in the words of images. */
export function hostArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch
}

async function makeOrReuse(label: string, name: string, cacheFolder: string, folders: readonly string[]): Promise<HostLayer> {
  const found = await findProgram(name)
  const program = label === 'node' ? '/usr/local/bin/node' : `/bin/${label}`
  const environment: Record<string, string> = found.libraryFolders.length ? { LD_LIBRARY_PATH: found.libraryFolders.join(':') } : {}
  const sources = [
    { path: program, file: found.file, mode: 0o755 },
    ...found.libraries.map((library) => ({ ...library, mode: 0o755 })),
    ...certificates(),
  ]
  const entries: Entry[] = [...system]
  const seen: unknown[] = [format, program]
  for (const { path, file, mode } of sources) {
    const facts = await stat(file)
    entries.push({ path, file, mode, size: facts.size })
    seen.push([path, file, facts.size, facts.mtimeMs])
  }
  for (const folder of folders) {
    for await (const entry of walk(folder)) {
      entries.push(entry.entry)
      seen.push([entry.entry.path, entry.changed])
    }
  }
  const layer = await keptLayer(cacheFolder, `host-${label}`, entries, seen)
  return { layer, program, environment }
}

/** What the C library and most programs expect to find. */
const system: readonly Entry[] = [
  {
    path: '/etc/passwd',
    content: 'root:x:0:0:root:/root:/sbin/nologin\napp:x:1000:1000:app:/app:/sbin/nologin\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n',
  },
  { path: '/etc/group', content: 'root:x:0:\napp:x:1000:\nnogroup:x:65534:\n' },
  { path: '/etc/nsswitch.conf', content: 'passwd: files\ngroup: files\nhosts: files dns\n' },
  { path: '/tmp', directory: true, mode: 0o1777 },
]

/**
 * Node has its own certificates, other programs read one of these files (the first where Go and OpenSSL look on Debian,
 * then on Fedora).
 */
function certificates(): { path: string; file: string; mode: number }[] {
  const bundles = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt']
  return bundles.filter((file) => existsSync(file)).map((file) => ({ path: file, file, mode: 0o644 }))
}

/**
 * A file or folder of this machine with all that is below it. A link that leads out of the tree (distributions share
 * libraries for browsers like that) would lead nowhere in the image: what it leads to stands in its place.
 *
 * @param file where it lies
 * @param path where it lies in the image
 * @param tree the folder that is walked, real
 * @param above the real folders it lies in, which a link must not lead back to
 */
async function* walk(
  file: string,
  path = file,
  tree = realpathSync(file),
  above: readonly string[] = [],
): AsyncGenerator<{ entry: Entry; changed: unknown }> {
  const facts = await lstat(file)
  // Readable for whichever user the container runs as.
  const mode = facts.isDirectory() || facts.mode & 0o100 ? 0o755 : 0o644
  if (facts.isSymbolicLink()) {
    const real = await realpath(file).catch(() => undefined)
    if (real === undefined || isBelow(real, tree) || above.includes(real)) {
      const target = await readlink(file)
      yield { entry: { path, symlink: target }, changed: target }
    } else yield* walk(real, path, tree, above)
  } else if (facts.isDirectory()) {
    const inside = [...above, realpathSync(file)]
    yield { entry: { path, directory: true, mode }, changed: mode }
    for (const name of (await readdir(file)).sort()) yield* walk(join(file, name), join(path, name), tree, inside)
  } else if (facts.isFile()) {
    yield { entry: { path, file, size: facts.size, mode }, changed: [facts.size, facts.mtimeMs, mode] }
  }
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}
