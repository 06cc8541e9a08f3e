import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'

/** Media types of the OCI image specification that we write. */
export const mediaTypes = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  tar: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
} as const

const docker = 'application/vnd.docker.distribution.manifest'

/** The manifests that we read, as an `Accept` header says it: OCI's, and docker's of the same form. */
export const manifestTypes = [mediaTypes.manifest, mediaTypes.index, `${docker}.v2+json`, `${docker}.list.v2+json`].join(', ')

/** Content that a registry keeps under its digest: a layer or an image's config. */
export interface Blob {
  /** `sha256:` and 64 hexadecimal digits. */
  readonly digest: string
  /** In bytes. */
  readonly size: number
  readonly mediaType: string
  /**
   * The content from its start; may be called again for a second attempt. A blob of a base image is downloaded by this,
   * not before.
   */
  open(): Promise<Readable>
}

/** A layer, and the digest of its uncompressed tar, which is what an image's config lists. */
export interface Layer extends Blob {
  readonly diffId: string
}

/** What a registry keeps under one digest, an image or something else: a manifest and the blobs that it names. */
export interface Artifact {
  /** What it is called in events and errors; no part of it. */
  readonly name: string
  /** Of the manifest: what a release records. */
  readonly digest: string
  readonly manifest: Buffer
  readonly mediaType: string
  readonly config: Blob
  readonly layers: readonly Blob[]
}

/** An image that can be pushed: everything is known but nothing need have been read yet. */
export interface Image extends Artifact {
  /** Lowest first. */
  readonly layers: readonly Layer[]
  /** As in `linux/amd64`. */
  readonly platform: string
}

/** The digest of these bytes, `sha256:…`. */
export function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}

/** A blob that is in memory. */
export function bytesBlob(bytes: Buffer, mediaType: string): Blob {
  return { digest: digestOf(bytes), size: bytes.length, mediaType, open: async () => Readable.from([bytes]) }
}

/** A blob that is a file whose digest and size are known. */
export function fileBlob(file: string, digest: string, size: number, mediaType: string): Blob {
  return { digest, size, mediaType, open: async () => createReadStream(file, { highWaterMark: 1 << 20 }) }
}
