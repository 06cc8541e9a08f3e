import { mediaTypes } from '../blob.ts'
import type { Target } from './push.ts'
import { fetchBody, registryAt } from './registry.ts'

/**
 * The content of an artifact that has one layer, as it was pushed: manifest and layer are verified by their digests.
 * @param digest of its manifest
 * @param what the sentence that a failure begins with
 * @throws Failure when the registry does not have it or does not give it
 */
export async function pullContent(
  { registry: origin, repository, authorization }: Target,
  digest: string,
  what: string,
): Promise<{ mediaType: string; content: Buffer }> {
  const registry = registryAt(origin, { authorization })
  const on = `${registry.host}/${repository}@${digest}`
  const manifest = await fetchBody(registry, `${repository}/manifests/${digest}`, { what, on, digest, accept: mediaTypes.manifest })
  const [layer] = (JSON.parse(manifest.toString()) as { layers: { mediaType: string; digest: string }[] }).layers
  const content = await fetchBody(registry, `${repository}/blobs/${layer!.digest}`, { what, on, digest: layer!.digest })
  return { mediaType: layer!.mediaType, content }
}
