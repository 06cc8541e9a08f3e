// This folder turns a service's folder into an OCI image, byte for byte the same on every machine and day, and brings
// it to a registry with as few bytes as possible. It needs no docker and knows neither AWS nor stages.
import { createHash, type Hash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Header, pack } from 'tar-stream'
import { writeWhole } from '../report/whole-file.ts'
import { bytesBlob, fileBlob, type Layer, mediaTypes } from './blob.ts'

/** One file, symbolic link or directory of a layer. `path` is absolute in the image: `/app/server.mjs`. */
export type Entry = { readonly path: string; readonly mode?: number; readonly uid?: number; readonly gid?: number } & (
  | { readonly content: Buffer | string }
  /** A file of this machine and its size in bytes, which must not change while it is read. */
  | { readonly file: string; readonly size: number }
  | { readonly symlink: string }
  | { readonly directory: true }
)

/**
 * A layer held in memory: for bundles and generated files.
 *
 * Layers are not compressed: gzip's output differs between zlib builds and processors, and we promise the same digest
 * on any machine. So a layer's digest is its diffID too.
 */
export async function memoryLayer(entries: readonly Entry[]): Promise<Layer> {
  const chunks: Buffer[] = []
  for await (const chunk of tar(entries)) chunks.push(chunk as Buffer)
  const blob = bytesBlob(Buffer.concat(chunks), mediaTypes.tar)
  return { ...blob, diffId: blob.digest }
}

/** A layer written to `file`, for what is too big for memory. The file appears when it is complete. */
export async function fileLayer(entries: readonly Entry[], file: string): Promise<Layer> {
  const hash = createHash('sha256')
  let size = 0
  const meter = measure((bytes) => {
    size += bytes
  }, hash)
  await writeWhole(file, (partial) => pipeline(tar(entries), meter, createWriteStream(partial, { highWaterMark: 1 << 20 })))
  return layerOfFile(file, `sha256:${hash.digest('hex')}`, size)
}

/** The layer that an earlier `fileLayer` wrote. */
export function layerOfFile(file: string, digest: string, size: number): Layer {
  return { ...fileBlob(file, digest, size, mediaTypes.tar), diffId: digest }
}

/** Passes everything on, tells `count` how many bytes passed, and feeds them to `hash`. */
export function measure(count: (bytes: number) => void, hash?: Hash): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash?.update(chunk)
      count(chunk.length)
      done(null, chunk)
    },
  })
}

/** The tar archive of these entries: sorted by path, at the epoch, without the names of this machine's users. */
function tar(entries: readonly Entry[]): Readable {
  const archive = pack()
  const sorted = entries.toSorted((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
  const write = async (): Promise<void> => {
    for (const entry of sorted) await add(archive, entry)
    archive.finalize()
  }
  write().catch((error) => archive.destroy(error))
  return archive as unknown as Readable
}

function add(archive: ReturnType<typeof pack>, entry: Entry): Promise<void> {
  const name = entry.path.replace(/^\/+/, '')
  const common = { uid: entry.uid ?? 0, gid: entry.gid ?? 0, mtime: new Date(0) }
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => (error ? reject(error) : resolve())
    if ('directory' in entry) {
      archive.entry({ ...common, name: `${name}/`, mode: entry.mode ?? 0o755, type: 'directory' }, done)
    } else if ('symlink' in entry) {
      archive.entry({ ...common, name, mode: 0o777, type: 'symlink', linkname: entry.symlink }, done)
    } else if ('content' in entry) {
      const bytes = Buffer.from(entry.content)
      archive.entry({ ...common, name, mode: entry.mode ?? 0o644, type: 'file', size: bytes.length } satisfies Partial<Header>, bytes, done)
    } else {
      const sink = archive.entry({ ...common, name, mode: entry.mode ?? 0o644, type: 'file', size: entry.size }, done)
      pipeline(createReadStream(entry.file, { highWaterMark: 1 << 20 }), sink).catch(reject)
    }
  })
}
