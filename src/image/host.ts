import { createHash, randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { lstat, mkdir, readdir, readFile, readlink, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Failure } from '../../config/failure.ts'
import type { Layer } from './blob.ts'
import { type Entry, fileLayer, layerOfFile } from './layer.ts'
import { findProgram } from './program.ts'

/** Raise it whenever the same files would give another layer. */
const format = 1

/** The lowest layer of an image on base `host`: a program of this machine and what it needs to run in an otherwise empty image. */
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
 * @param name `node` for the running Node (`/usr/local/bin/node` in the image), or a program on the PATH (`/bin/<name>`)
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
  const fingerprint = createHash('sha256').update(JSON.stringify(seen)).digest('hex')
  const layer = (await cached(cacheFolder, label, fingerprint)) ?? (await make(cacheFolder, label, fingerprint, entries))
  return { layer, program, environment }
}

interface Note {
  readonly fingerprint: string
  readonly digest: string
  readonly size: number
}

async function cached(cacheFolder: string, label: string, fingerprint: string): Promise<Layer | undefined> {
  const note = await readNote(join(cacheFolder, `host-${label}.json`))
  if (note?.fingerprint !== fingerprint) return undefined
  const file = join(cacheFolder, `host-${label}-${fingerprint.slice(0, 16)}.tar`)
  const facts = await stat(file).catch(() => undefined)
  return facts?.size === note.size ? layerOfFile(file, note.digest, note.size) : undefined
}

/** A note that is not there, or that a power cut left empty, only means that the layer is made again. */
async function readNote(file: string): Promise<Note | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch {
    return undefined
  }
}

async function make(cacheFolder: string, label: string, fingerprint: string, entries: readonly Entry[]): Promise<Layer> {
  await mkdir(cacheFolder, { recursive: true })
  const archive = `host-${label}-${fingerprint.slice(0, 16)}.tar`
  const layer = await fileLayer(entries, join(cacheFolder, archive))
  const note: Note = { fingerprint, digest: layer.digest, size: layer.size }
  const partial = join(cacheFolder, `host-${label}.json.${randomUUID()}.part`)
  await writeFile(partial, JSON.stringify(note))
  await rename(partial, join(cacheFolder, `host-${label}.json`))
  await removeOlder(cacheFolder, label, archive)
  return layer
}

/** What an older version of the program left, or a build that was killed, is over a hundred megabytes that nobody asks for again. */
async function removeOlder(cacheFolder: string, label: string, archive: string): Promise<void> {
  for (const name of await readdir(cacheFolder)) {
    const file = join(cacheFolder, name)
    const [, own, hash, rest] = /^host-(.+)-([0-9a-f]{16})\.tar(.*)$/.exec(name) ?? []
    if (own !== label || name === archive) continue
    // Half an archive may be another deploy's, at work right now.
    const age = rest ? Date.now() - ((await stat(file).catch(() => undefined))?.mtimeMs ?? Date.now()) : Number.POSITIVE_INFINITY
    if (hash && age > 10 * 60 * 1000) await rm(file, { force: true })
  }
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

/** Node has its own certificates, other programs read one of these files (the first where Go and OpenSSL look on Debian, then on Fedora). */
function certificates(): { path: string; file: string; mode: number }[] {
  const bundles = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt']
  return bundles.filter((file) => existsSync(file)).map((file) => ({ path: file, file, mode: 0o644 }))
}

async function* walk(folder: string): AsyncGenerator<{ entry: Entry; changed: unknown }> {
  const facts = await lstat(folder)
  // Readable for whichever user the container runs as.
  const mode = facts.isDirectory() || facts.mode & 0o100 ? 0o755 : 0o644
  if (facts.isSymbolicLink()) {
    const target = await readlink(folder)
    yield { entry: { path: folder, symlink: target }, changed: target }
  } else if (facts.isDirectory()) {
    yield { entry: { path: folder, directory: true, mode }, changed: mode }
    for (const name of (await readdir(folder)).sort()) yield* walk(join(folder, name))
  } else if (facts.isFile()) {
    yield { entry: { path: folder, file: folder, size: facts.size, mode }, changed: [facts.size, facts.mtimeMs, mode] }
  }
}
