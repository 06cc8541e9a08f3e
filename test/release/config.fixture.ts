import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../../config/config.ts'
import { resolve } from '../../config/resolve.ts'
import type { ConfigOptions } from '../../config/schema/options.ts'

/**
 * The resolved config of a project in a temp folder that has one public service, `web`, and no monitoring unless it is
 * asked for.
 */
export function configOf(options: Partial<ConfigOptions> & { port?: number } = {}, stage = 'test'): Config {
  const folder = mkdtempSync(join(tmpdir(), 'release-'))
  mkdirSync(join(folder, 'services/web'), { recursive: true })
  writeFileSync(join(folder, 'services/web/server.ts'), 'export {}\n')
  const { port = 8001, ...rest } = options
  const services = { web: { entry: './services/web/server.ts', port, expose: 'public' as const } }
  return resolve(
    { app: 'shop', region: 'eu-west-1', services, monitoring: false, base: 'host', ...rest },
    stage,
    join(folder, 'mlops.config.ts'),
  )
}
