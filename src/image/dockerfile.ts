import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { extract } from 'tar-stream'
import { Failure } from '../report/failure.ts'
import { writing } from '../report/no-space.ts'
import { fileBlob, type Image, type Layer, mediaTypes } from './blob.ts'
import { measure } from './layer.ts'
import { type ImageConfig, imageOf } from './manifest.ts'
import { run } from './run.ts'

export interface DockerfileOptions {
  readonly name: string
  /** Absolute path of the Dockerfile; the folder it stands in is the build's context. */
  readonly dockerfile: string
  readonly projectFolder: string
  /** `amd64` or `arm64`. */
  readonly architecture: string
  readonly cacheFolder: string
  /** Gets what docker says while it builds, a line at a time. */
  readonly line?: (text: string) => void
}

/**
 * Builds a service's image with docker and takes it over, so that it is pushed the way every other image is. The digest
 * is as reproducible as the Dockerfile is: docker's cache keeps it while nothing changes on this machine.
 *
 * @throws Failure when there is no docker, its engine does not answer, or the build fails (with the last lines of its
 *   output)
 */
export async function buildDockerfileImage({
  name,
  dockerfile,
  projectFolder,
  architecture,
  cacheFolder,
  line,
}: DockerfileOptions): Promise<Image> {
  const folder = join(cacheFolder, 'docker')
  await mkdir(folder, { recursive: true })
  const on = `service ${name} (${relative(projectFolder, dockerfile)})`
  const scratch = join(folder, randomUUID())
  const idFile = `${scratch}.id`
  const archive = `${scratch}.tar`
  try {
    const build = ['build', '--platform', `linux/${architecture}`, '--iidfile', idFile, '--file', dockerfile, dirname(dockerfile)]
    await docker(build, `The image of ${name} could not be built`, on, line)
    const id = (await readFile(idFile, 'utf8')).trim()
    await docker(['save', '--output', archive, id], `Docker did not hand over the image of ${name}`, on)
    return await imageFromArchive(name, archive, folder)
  } finally {
    await Promise.all([idFile, archive].map((file) => rm(file, { force: true })))
  }
}

async function docker(args: readonly string[], what: string, on: string, line?: (text: string) => void): Promise<void> {
  const { code, stderr } = await run('docker', args, line)
  if (code === 0) return
  if (code === undefined) {
    throw new Failure(`${what}: there is no docker on the PATH of this machine.`, {
      on,
      likely: 'A service with a dockerfile is built by docker; one with an entry needs none.',
      next: 'Install docker (https://docs.docker.com/engine/install/), or give the service an entry in mlops.config.ts.',
    })
  }
  const log = stderr.trimEnd().split('\n').slice(-20)
  const unreachable = /Cannot connect to the Docker daemon|failed to connect to the docker API|error during connect/i.test(stderr)
  throw new Failure(`${what}: docker ${args[0]} ended with exit code ${code}.`, {
    on,
    log,
    ...(unreachable && { likely: 'The docker engine is not running, or this user may not use it.', next: 'docker info' }),
  })
}

/**
 * Reads what `docker save` writes (https://github.com/moby/moby/blob/master/image/spec/v1.2.md): `manifest.json` names
 * the config and the layers of the archive. The layers are kept in `folder` by their digest.
 */
export async function imageFromArchive(name: string, archive: string, folder: string): Promise<Image> {
  const texts = new Map<string, Buffer>()
  const files = new Map<string, Kept>()
  const links = new Map<string, string>()
  const reader = extract()
  const reading = pipeline(createReadStream(archive, { highWaterMark: 1 << 20 }), reader)
  for await (const entry of reader) {
    const { name: path, type, linkname, size = 0 } = entry.header
    if (type === 'symlink' && linkname) links.set(path, join(dirname(path), linkname))
    // What is small may be the manifest or the config, or a layer: the manifest, which says so, comes last.
    if (type === 'file') {
      const file = await keep(entry as unknown as Readable, folder)
      files.set(path, file)
      if (size <= 4 * 1024 * 1024) texts.set(path, await readFile(file.path))
    }
    entry.resume()
  }
  await reading
  const listed = JSON.parse(String(texts.get('manifest.json') ?? '[]'))[0] as { Config: string; Layers: string[] } | undefined
  const config = listed && texts.get(listed.Config)
  if (!config) throw new Failure(`Docker saved the image of ${name} in a form that we do not know.`, { on: `image ${name}` })
  const { os, architecture, rootfs }: ImageConfig = JSON.parse(config.toString())
  const layers = listed.Layers.map((path, index): Layer => {
    const file = files.get(links.get(path) ?? path)
    if (!file) throw new Failure(`Docker saved the image of ${name} without its layer ${path}.`, { on: `image ${name}` })
    return { ...fileBlob(file.path, file.digest, file.size, file.mediaType), diffId: rootfs.diff_ids[index]! }
  })
  await Promise.all(
    [...files.values()].filter((file) => !layers.some(({ digest }) => digest === file.digest)).map(({ path }) => rm(path, { force: true })),
  )
  return imageOf(name, config, layers, `${os}/${architecture}`)
}

interface Kept {
  readonly path: string
  readonly digest: string
  readonly size: number
  readonly mediaType: string
}

/** Writes a file of the archive to one named by its digest. */
async function keep(entry: Readable, folder: string): Promise<Kept> {
  const partial = join(folder, `${randomUUID()}.part`)
  const hash = createHash('sha256')
  let size = 0
  const meter = measure((bytes) => {
    size += bytes
  }, hash)
  try {
    await writing(partial, pipeline(entry, meter, createWriteStream(partial)))
    const digest = `sha256:${hash.digest('hex')}`
    const path = join(folder, digest.slice('sha256:'.length))
    await rename(partial, path)
    return { path, digest, size, mediaType: await layerType(path) }
  } finally {
    await rm(partial, { force: true })
  }
}

/** How a layer is compressed, by its first bytes: docker saves what its image store has. */
async function layerType(file: string): Promise<string> {
  if ((await stat(file)).size < 4) return mediaTypes.tar
  const handle = await open(file)
  try {
    const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0)
    if (buffer.readUInt16BE(0) === 0x1f8b) return mediaTypes.gzip
    return buffer.readUInt32LE(0) === 0xfd2fb528 ? mediaTypes.zstd : mediaTypes.tar
  } finally {
    await handle.close()
  }
}
