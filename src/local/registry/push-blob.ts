import type { Exchange } from './exchange.ts'
import { isDigest } from './manifest.ts'
import { Refusal } from './refusal.ts'
import { keyOf } from './repository.ts'
import type { Upload } from './upload.ts'

/**
 * Opens an upload; with `?digest=` the body is the whole blob. A mount from another repository is answered with an
 * upload, as ECR does by default: https://docs.aws.amazon.com/AmazonECR/latest/userguide/blob-mounting.html
 */
export async function postUpload(exchange: Exchange): Promise<void> {
  const { uploads, url, name } = exchange
  const whole = url.searchParams.has('digest')
  const digest = whole ? wantedDigest(url) : undefined
  const upload = await uploads.start(name)
  if (digest) return complete(exchange, upload, digest)
  exchange.req.resume()
  progress(exchange, upload, 202)
}

/** Appends a chunk, or a stream of unknown length. */
export async function patchUpload(exchange: Exchange): Promise<void> {
  const { uploads, req, name } = exchange
  const upload = uploadOf(exchange, name)
  const range = req.headers['content-range']
  const [, first, last] = /^(?:bytes )?(\d+)-(\d+)(?:\/.*)?$/.exec(range ?? '') ?? []
  if (range !== undefined && first === undefined) throw new Refusal('BLOB_UPLOAD_INVALID', `Content-Range "${range}" is not START-END`)
  const length = req.headers['content-length']
  if (first !== undefined && length !== undefined && Number(length) !== Number(last) - Number(first) + 1)
    throw new Refusal('SIZE_INVALID', `Content-Range ${range} does not fit Content-Length ${length}`)
  await uploads.append(upload, req, first === undefined ? undefined : Number(first))
  progress(exchange, upload, 202)
}

/** Appends the rest, if there is any, and closes the upload. */
export async function putUpload(exchange: Exchange): Promise<void> {
  const digest = wantedDigest(exchange.url)
  await complete(exchange, uploadOf(exchange, exchange.name), digest)
}

/** How far an upload has come. */
export function uploadStatus(exchange: Exchange): void {
  progress(exchange, uploadOf(exchange, exchange.name), 204)
}

/** Gives an upload up. */
export async function deleteUpload(exchange: Exchange): Promise<void> {
  await exchange.uploads.cancel(uploadOf(exchange, exchange.name))
  exchange.res.writeHead(204).end()
}

async function complete({ cloud, uploads, req, res, name }: Exchange, upload: Upload, digest: string): Promise<void> {
  await uploads.finish(upload, req, digest, (size) => {
    // It may have been deleted while the bytes came in.
    if (!cloud.store.get('repository', name)) throw new Refusal('NAME_UNKNOWN', `The repository ${name} was deleted`)
    cloud.store.put('repositoryBlob', keyOf(name, digest), { repositoryName: name, digest, size })
  })
  const location = `${cloud.endpoint}/v2/${name}/blobs/${digest}`
  res.writeHead(201, { location, 'docker-content-digest': digest, 'content-length': 0 }).end()
}

function uploadOf({ uploads, rest }: Exchange, name: string): Upload {
  return uploads.find(name, rest.slice('uploads/'.length))
}

function wantedDigest(url: URL): string {
  const digest = url.searchParams.get('digest') ?? ''
  if (!isDigest(digest)) throw new Refusal('DIGEST_INVALID', `"${digest}" is not a sha256 digest`)
  return digest
}

function progress({ cloud, res, name }: Exchange, upload: Upload, status: number): void {
  const location = `${cloud.endpoint}/v2/${name}/blobs/uploads/${upload.id}`
  // The last byte that has arrived; by convention 0-0 for none.
  const range = `0-${Math.max(upload.size - 1, 0)}`
  res.writeHead(status, { location, range, 'docker-upload-uuid': upload.id, ...(status === 202 && { 'content-length': 0 }) }).end()
}
