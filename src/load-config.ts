import type { Config } from '../config/config.ts'
import { type LoadOptions, readConfig } from '../config/load.ts'
import { latencyBounds } from '../services/kit/latency-bounds.ts'

/**
 * Reads, checks and resolves the config of one stage, by what the services' kit says of JSON Schemas and of the times
 * that can be measured: the config language itself knows nothing of the services. Looks at files only; AWS is not
 * asked.
 *
 * @throws Failure (exit code `usage`) that shows every problem at once, or says why the file could not be run
 */
export function loadConfig(options: LoadOptions = {}): Promise<Config> {
  return readConfig(options, { latencyBounds, schemaReader: async () => (await import('../services/kit/schema.ts')).readSchema })
}
