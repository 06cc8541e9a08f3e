import { createHash } from 'node:crypto'
import type { Config } from '../../../config/config.ts'

/**
 * Tells whether two deploys would launch the same: the config without where it lies on this machine, and the digests of
 * the images.
 * @param images digest by image name
 */
export function fingerprintOf(config: Config, images: Readonly<Record<string, string>>): string {
  const { folder, file: _file, services, ...rest } = config
  const named = services.map((service) => JSON.stringify(service).replaceAll(folder, ''))
  const digests = Object.entries(images).sort(([a], [b]) => a.localeCompare(b))
  return createHash('sha256')
    .update(JSON.stringify([rest, named, digests]))
    .digest('hex')
    .slice(0, 16)
}
