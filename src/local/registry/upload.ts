import { createHash, type Hash, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { adoptBlob, hasBlob, uploadFolder } from './blobs.ts'
import { Refusal } from './refusal.ts'

/** An upload that nobody has touched for so long is given up. */
const idleMs = 60 * 60 * 1000

/**
 * A blob on its way in: a file of its own until its digest is proven. Lost when the cloud is killed, which a client
 * meets as an unknown upload.
 */
export interface Upload {
  readonly id: string
  readonly repositoryName: string
  readonly file: string
  readonly hash: Hash
  /** How many bytes have arrived. */
  size: number
  /** Set while a request writes to it: a second one would mix its bytes in. */
  busy: boolean
  touched: number
}

/** The uploads under way. */
export class Uploads {
  readonly #folder: string
  readonly #uploads = new Map<string, Upload>()

  /** @param folder the cloud's folder */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** Opens an upload to a repository. */
  async start(repositoryName: string): Promise<Upload> {
    await this.#giveUpIdle()
    const folder = uploadFolder(this.#folder)
    await mkdir(folder, { recursive: true })
    const id = randomUUID()
    const upload = { id, repositoryName, file: join(folder, id), hash: createHash('sha256'), size: 0, busy: false, touched: Date.now() }
    this.#uploads.set(id, upload)
    return upload
  }

  /** The upload of this id in this repository. Throws Refusal BLOB_UPLOAD_UNKNOWN. */
  find(repositoryName: string, id: string): Upload {
    const upload = this.#uploads.get(id)
    if (upload?.repositoryName !== repositoryName) throw new Refusal('BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry')
    return upload
  }

  /**
   * Appends the rest, checks the digest and keeps the blob. `record` runs in the same turn of the event loop as the
   * file gets its name.
   *
   * @throws Refusal DIGEST_INVALID; the upload is gone then, as its bytes are wrong
   */
  async finish(upload: Upload, content: Readable, digest: string, record: (size: number) => void): Promise<void> {
    // Another repository has the content: that this client has it too is proven by the hash, and writing it again would
    // prove nothing more.
    const known = upload.size === 0 && hasBlob(this.#folder, digest)
    await this.append(upload, content, undefined, !known)
    const actual = `sha256:${upload.hash.digest('hex')}`
    try {
      if (actual !== digest)
        throw new Refusal('DIGEST_INVALID', `provided digest ${digest} did not match uploaded content, which is ${actual}`)
      if (known && !hasBlob(this.#folder, digest)) throw new Refusal('UNKNOWN', 'the blob was removed meanwhile; send it again', 503)
      if (!known) adoptBlob(this.#folder, digest, upload.file)
      record(upload.size)
    } finally {
      await this.cancel(upload)
    }
  }

  /** Forgets an upload and what it brought. */
  async cancel(upload: Upload): Promise<void> {
    this.#uploads.delete(upload.id)
    await rm(upload.file, { force: true })
  }

  /**
   * Appends what a request brings.
   *
   * @param start the offset that the client says it begins at, where it says one
   * @param write false where the bytes are only to be counted
   * @throws Refusal when that is not where the upload stands, or the disk is full
   */
  async append(upload: Upload, content: Readable, start?: number, write = true): Promise<void> {
    if (upload.busy) throw new Refusal('BLOB_UPLOAD_INVALID', 'another request is writing to this upload', 409)
    if (start !== undefined && start !== upload.size)
      throw new Refusal('BLOB_UPLOAD_INVALID', `the upload stands at ${upload.size} bytes`, 416)
    upload.busy = true
    let file: FileHandle | undefined
    try {
      file = write ? await open(upload.file, 'a') : undefined
      // An error in here must be answered, so it must not end the request with the loop.
      for await (const chunk of content.iterator({ destroyOnReturn: false })) {
        await file?.writeFile(chunk)
        upload.hash.update(chunk)
        upload.size += chunk.length
        upload.touched = Date.now()
      }
      await file?.datasync()
    } catch (error) {
      // What came before a broken connection stays, and a client may go on from there; unless it was only counted, or
      // written by half.
      if (!write || (error as NodeJS.ErrnoException).code !== 'ECONNRESET') await this.cancel(upload)
      throw error
    } finally {
      upload.busy = false
      await file?.close()
    }
  }

  async #giveUpIdle(): Promise<void> {
    for (const upload of this.#uploads.values()) if (!upload.busy && Date.now() - upload.touched > idleMs) await this.cancel(upload)
  }
}
