import { createHash } from 'node:crypto'
import type { Config } from '../../../config/config.ts'
import { monitoringServers } from '../../../monitoring/index.ts'
import { type Located, locate } from '../../../src/image/registry/push.ts'

/** Where images of these names would be, each with a digest of its own. */
export function located(...names: string[]): ReadonlyMap<string, Located> {
  const target = { registry: 'https://registry.test', repository: 'shop/test/images' }
  const digest = (name: string) => `sha256:${createHash('sha256').update(name).digest('hex')}`
  return new Map(names.map((name) => [name, locate({ digest: digest(name) }, target)]))
}

/** Where every image of a config would be. */
export function allLocated(config: Config): ReadonlyMap<string, Located> {
  return located(...[...config.services, ...monitoringServers(config)].map(({ name }) => name), 'secrets')
}
