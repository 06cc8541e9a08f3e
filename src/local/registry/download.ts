import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { blobFile, hasBlob } from './blobs.ts'
import type { Exchange } from './exchange.ts'
import { Refusal } from './refusal.ts'
import { keyOf } from './repository.ts'

/** HEAD and GET of a blob, whole or from a byte on. */
export async function serveBlob({ cloud, req, res, name, rest: digest, head }: Exchange): Promise<void> {
  const blob = cloud.store.get('repositoryBlob', keyOf(name, digest))
  // A file that somebody deleted by hand is a blob that must be pushed again.
  if (!blob || !hasBlob(cloud.folder, digest)) throw new Refusal('BLOB_UNKNOWN', 'blob unknown to registry')
  const range = parseRange(req.headers.range, blob.size)
  if (range === 'outside') {
    res.writeHead(416, { 'content-range': `bytes */${blob.size}`, 'content-length': 0 }).end()
    return
  }
  const { first, last } = range ?? { first: 0, last: blob.size - 1 }
  res.writeHead(range ? 206 : 200, {
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
    etag: `"${digest}"`,
    'content-length': last - first + 1,
    ...(range && { 'content-range': `bytes ${first}-${last}/${blob.size}` }),
  })
  if (head || blob.size === 0) {
    res.end()
    return
  }
  const content = createReadStream(blobFile(cloud.folder, digest), { start: first, end: last, highWaterMark: 1 << 20 })
  await pipeline(content, res).catch((error: NodeJS.ErrnoException) => {
    // A client that goes away in the middle of a download is no error of the registry.
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  })
}

/** A single range of bytes (RFC 9110, section 14); other forms are ignored, as the standard allows. */
function parseRange(text: string | undefined, size: number): { first: number; last: number } | 'outside' | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(text ?? '') ?? []
  if (from === '' && to === '') return undefined
  const first = from === '' ? Math.max(size - Number(to), 0) : Number(from)
  const last = from === '' || to === '' ? size - 1 : Math.min(Number(to), size - 1)
  if (first >= size) return 'outside'
  return last < first ? undefined : { first, last }
}
