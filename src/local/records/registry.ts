import type { Tag } from './tag.ts'

export interface ImageRepository {
  repositoryName: string
  repositoryArn: string
  /** Seconds since the epoch, as AWS's JSON has dates. */
  createdAt: number
  imageTagMutability: 'MUTABLE' | 'IMMUTABLE'
  imageScanningConfiguration: { scanOnPush: boolean }
  lifecyclePolicyText?: string
  tags: Tag[]
}

export interface RepositoryImage {
  repositoryName: string
  imageDigest: string
  mediaType: string
  /** The exact text that was pushed. */
  manifest: string
  /** Its config and layers, or, of an index, the manifests that it lists. */
  blobs: string[]
  manifests: string[]
  artifactMediaType?: string
  /** Of the manifest, in bytes, and of everything that it names. */
  sizeInBytes: number
  pushedAt: number
  imageTags: string[]
}

export interface RepositoryBlob {
  repositoryName: string
  digest: string
  size: number
}
