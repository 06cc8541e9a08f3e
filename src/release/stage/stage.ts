import type { Config } from '../../../config/config.ts'
import { accessTo } from '../../access.ts'
import { Clients } from '../../aws/clients.ts'
import { loadConfig } from '../../load-config.ts'
import { ownerOf } from './names.ts'

/** A stage as a script works with it. */
export interface Stage {
  readonly config: Config
  readonly clients: Clients
}

/**
 * The config of the stage that is asked for.
 * @param flags `stage`, and `strategy` where a script has it
 * @throws Failure that lists every mistake in the config; nothing was touched then
 */
export async function configOf(flags: { stage?: unknown; strategy?: unknown }): Promise<Config> {
  const config = await loadConfig(typeof flags.stage === 'string' ? { stage: flags.stage } : {})
  return typeof flags.strategy === 'string' ? { ...config, strategy: flags.strategy as Config['strategy'] } : config
}

/**
 * Loads the config of the stage that is asked for and opens the way to its AWS.
 * @param flags `stage`, and `strategy` and `engine` where a script has them
 * @param options `serve`: the stage's ports are going to be opened, so they must be free where they are ports of this
 *   machine; `warn`: told when the embedded cloud had to be brought back to life or is waited for
 * @throws Failure that lists every mistake in the config; nothing was touched then
 */
export async function openStage(
  flags: { stage?: unknown; strategy?: unknown; engine?: unknown },
  options: { serve?: boolean; warn?: (line: string) => void } = {},
): Promise<Stage> {
  const config = await configOf(flags)
  // Loaded here, since it knows monitoring, which most scripts that open nothing do not ask about.
  const ports = options.serve ? (await import('./ports.ts')).openPorts(config).map(({ port }) => port) : []
  const access = await accessTo(config, { ports, tags: ownerOf(config).tags }, flags.engine, options.warn)
  return { config, clients: new Clients(access) }
}
