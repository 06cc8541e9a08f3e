import { createHash } from 'node:crypto'
import type { Config } from '../../../config/config.ts'
import { monitoringServers } from '../../../monitoring/index.ts'
import type { Pushed } from '../../../src/image/registry/push.ts'

/** As if these images were pushed, each with a digest of its own. */
export function pushed(...names: string[]): ReadonlyMap<string, Pushed> {
  return new Map(
    names.map((name) => {
      const digest = `sha256:${createHash('sha256').update(name).digest('hex')}`
      return [name, { digest, reference: `registry.test/shop/test/images@${digest}`, uploadedBytes: 0, uploadedBlobs: 0, presentBlobs: 1 }]
    }),
  )
}

/** As if every image of a config was pushed. */
export function allPushed(config: Config): ReadonlyMap<string, Pushed> {
  return pushed(...[...config.services, ...monitoringServers(config)].map(({ name }) => name), 'secrets')
}
