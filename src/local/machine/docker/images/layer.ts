import { createHash } from 'node:crypto'
import { chmodSync, closeSync, linkSync, lstatSync, mkdirSync, openSync, rmSync, symlinkSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { type Extract, extract } from 'tar-stream'
import { inside } from './jail.ts'

/** What a manifest says of a layer, and the image's config of its content. */
export interface LayerFacts {
  readonly digest: string
  readonly size: number
  readonly mediaType: string
  /** Digest of the uncompressed tar. */
  readonly diffId: string
}

/** A layer arrived, and is not what was promised: asking again would not help. */
export class WrongContent extends Error {}

/**
 * Unpacks a layer into a folder, checking both of its digests on the way. Whiteouts stay in it as the files that they
 * are in the tar; devices are left out, owners and special modes too: nothing here runs as root.
 *
 * @throws WrongContent, or whatever the stream fails with; the folder is then worth nothing.
 */
export async function unpack(content: Readable, { digest, size, mediaType, diffId }: LayerFacts, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const packed = meter()
  const unpacked = meter()
  const tar = extract()
  const entries = (async () => {
    for await (const entry of tar) await unpackEntry(entry, folder)
  })()
  const decompress = /gzip$/.test(mediaType) ? createGunzip() : /zstd$/.test(mediaType) ? createZstdDecompress() : undefined
  await Promise.all([
    decompress ? pipeline(content, packed.stream, decompress, unpacked.stream, tar) : pipeline(content, packed.stream, tar),
    entries,
  ])
  const whole = packed.result()
  if (whole.size !== size || whole.digest !== digest)
    throw new WrongContent(`layer ${digest} came as ${whole.size} bytes of ${whole.digest}`)
  const contentDigest = decompress ? unpacked.result().digest : whole.digest
  if (contentDigest !== diffId) throw new WrongContent(`layer ${digest} unpacks to ${contentDigest}, the image says ${diffId}`)
}

function meter() {
  const hash = createHash('sha256')
  let size = 0
  const stream = new Transform({
    transform(chunk: Buffer, _, done) {
      hash.update(chunk)
      size += chunk.length
      done(null, chunk)
    },
  })
  return { stream, result: () => ({ size, digest: `sha256:${hash.digest('hex')}` }) }
}

type Entry = Extract extends AsyncIterable<infer Each> ? Each : never

async function unpackEntry(entry: Entry, folder: string): Promise<void> {
  const { name, type, mode = 0o644, linkname } = entry.header
  if (name.split('/').includes('..')) throw new WrongContent(`the layer has an entry outside of its root: ${name}`)
  if (type === 'directory') {
    const path = inside(folder, name)
    mkdirSync(path, { recursive: true })
    chmodSync(path, (mode & 0o777) | 0o700)
  } else {
    const parent = inside(folder, dirname(name))
    const file = join(parent, basename(name))
    mkdirSync(parent, { recursive: true })
    if (lstatSync(file, { throwIfNoEntry: false })) rmSync(file, { recursive: true })
    if (type === 'file' || type === 'contiguous-file') return await write(entry, file, (mode & 0o777) | 0o600)
    if (type === 'symlink') symlinkSync(linkname ?? '', file)
    if (type === 'link') linkSync(inside(folder, linkname ?? ''), file)
  }
  entry.resume()
}

async function write(entry: Entry, file: string, mode: number): Promise<void> {
  const handle = openSync(file, 'wx', mode)
  try {
    for await (const chunk of entry) writeSync(handle, chunk as Buffer)
  } finally {
    closeSync(handle)
  }
}
