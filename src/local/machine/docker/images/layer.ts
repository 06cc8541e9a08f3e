import { createHash } from 'node:crypto'
import { chmodSync, closeSync, linkSync, lstatSync, mkdirSync, openSync, rmSync, symlinkSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { type Extract, extract } from 'tar-stream'
import { measure } from '../../../../image/layer.ts'
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
  const [packed, unpacked] = [createHash('sha256'), createHash('sha256')]
  let received = 0
  const meter = measure((bytes) => {
    received += bytes
  }, packed)
  const tar = extract()
  const entries = (async () => {
    for await (const entry of tar) await unpackEntry(entry, folder)
  })()
  const decompress = /gzip$/.test(mediaType) ? createGunzip() : /zstd$/.test(mediaType) ? createZstdDecompress() : undefined
  await Promise.all([
    decompress
      ? pipeline(
          content,
          meter,
          decompress,
          measure(() => undefined, unpacked),
          tar,
        )
      : pipeline(content, meter, tar),
    entries,
  ])
  const packedDigest = `sha256:${packed.digest('hex')}`
  if (received !== size || packedDigest !== digest) throw new WrongContent(`layer ${digest} came as ${received} bytes of ${packedDigest}`)
  const contentDigest = decompress ? `sha256:${unpacked.digest('hex')}` : packedDigest
  if (contentDigest !== diffId) throw new WrongContent(`layer ${digest} unpacks to ${contentDigest}, the image says ${diffId}`)
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
