import { createHash } from 'node:crypto'
import { untrustedJson } from '../protocol/depth.ts'
import { Refusal } from './refusal.ts'

/** What the registry must know of a manifest that is pushed. */
export interface Manifest {
  readonly digest: string
  readonly text: string
  readonly mediaType: string
  /** Digests of the config and layers that must be in the repository. */
  readonly blobs: readonly string[]
  /** Digests of the manifests that an index lists. */
  readonly manifests: readonly string[]
  readonly artifactMediaType: string | undefined
  /** In bytes: itself and the blobs that it names. */
  readonly size: number
}

const images = ['application/vnd.oci.image.manifest.v1+json', 'application/vnd.docker.distribution.manifest.v2+json']
const indexes = ['application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json']

/** The largest manifest that a registry must accept, by the OCI distribution specification. */
export const manifestLimit = 4 * 1024 * 1024

const digestPattern = /^sha256:[0-9a-f]{64}$/

/** Whether this is a digest in the one algorithm that we know. */
export function isDigest(text: string): boolean {
  return digestPattern.test(text)
}

/**
 * Reads a manifest or index of OCI or docker's second schema.
 *
 * @param contentType the header it came with
 * @throws Refusal MANIFEST_INVALID
 */
export function parseManifest(bytes: Buffer, contentType: string | undefined): Manifest {
  const text = decode(bytes)
  const body = parse(text)
  const mediaType = contentType?.split(';')[0]?.trim() || String(body.mediaType ?? '')
  const isIndex = indexes.includes(mediaType)
  if (!isIndex && !images.includes(mediaType)) throw invalid(`manifest media type ${mediaType || '(none)'} is not supported`)
  if (body.mediaType !== undefined && body.mediaType !== mediaType)
    throw invalid(`the manifest says it is ${body.mediaType}, its Content-Type ${mediaType}`)
  if (body.schemaVersion !== 2) throw invalid('schemaVersion must be 2')
  const listed = isIndex ? descriptors(body.manifests, 'manifests') : []
  const layers = isIndex ? [] : descriptors(body.layers, 'layers')
  // https://github.com/opencontainers/image-spec/issues/1025: ECR is among those that take no manifest without a layer.
  if (!isIndex && layers.length === 0) throw invalid('Image has to have at least 1 layer')
  const config = isIndex ? [] : descriptors([body.config], 'config')
  // Layers with URLs of their own (Windows' base layers) are not kept by a registry.
  const kept = [...config, ...layers.filter((layer) => !layer.urls?.length)]
  const artifact = isIndex ? body.artifactType : (body.artifactType ?? config[0]?.mediaType)
  return {
    digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    text,
    mediaType,
    blobs: [...new Set(kept.map((blob) => blob.digest))],
    manifests: [...new Set(listed.map((manifest) => manifest.digest))],
    artifactMediaType: typeof artifact === 'string' ? artifact : undefined,
    size: bytes.length + kept.reduce((sum, blob) => sum + blob.size, 0),
  }
}

interface Descriptor {
  readonly mediaType?: string
  readonly digest: string
  readonly size: number
  readonly urls?: readonly string[]
}

type Body = { readonly [Name in 'schemaVersion' | 'mediaType' | 'artifactType' | 'config' | 'layers' | 'manifests']?: unknown }

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw invalid('the manifest is not UTF-8')
  }
}

function parse(text: string): Body {
  const body = untrustedJson(text, (why) => invalid(`the manifest is ${why === 'too deep' ? 'nested too deeply' : 'not JSON'}`))
  if (body === null || typeof body !== 'object' || Array.isArray(body)) throw invalid('the manifest is not a JSON object')
  return body
}

function descriptors(value: unknown, where: string): Descriptor[] {
  if (!Array.isArray(value)) throw invalid(`${where} must be a list`)
  for (const item of value) {
    const right = item && typeof item === 'object' && isDigest(String(item.digest)) && Number.isSafeInteger(item.size) && item.size >= 0
    if (!right) throw invalid(`${where} must have a sha256 digest and a size`)
  }
  return value
}

function invalid(message: string): Refusal {
  return new Refusal('MANIFEST_INVALID', message)
}
