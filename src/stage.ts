import type { Config } from '../config/config.ts'
import { exit, Failure } from '../config/failure.ts'
import { loadConfig } from '../config/load.ts'
import { accessTo } from './access.ts'
import { Clients } from './aws/clients.ts'
import { type EngineName, engineNames } from './local/machine/engine-name.ts'
import { openPorts } from './release/ports.ts'

/** A stage as a script works with it. */
export interface Stage {
  readonly config: Config
  readonly clients: Clients
}

/**
 * Loads the config of the stage that is asked for and opens the way to its AWS.
 * @param flags `stage`, and `strategy` and `engine` where a script has them
 * @param options `serve`: the stage's ports are going to be opened, so they must be free where they are ports of this machine
 * @throws Failure that lists every mistake in the config; nothing was touched then
 */
export async function openStage(
  flags: { stage?: unknown; strategy?: unknown; engine?: unknown },
  options: { serve?: boolean } = {},
): Promise<Stage> {
  const loaded = await loadConfig(typeof flags.stage === 'string' ? { stage: flags.stage } : {})
  const config = typeof flags.strategy === 'string' ? { ...loaded, strategy: flags.strategy as Config['strategy'] } : loaded
  const ports = options.serve ? openPorts(config).map(({ port }) => port) : []
  return { config, clients: new Clients(await accessTo(config, ports, engineOf(flags.engine, config))) }
}

/** `--engine`, then `MLOPS_ENGINE`; undefined where neither says anything, and for stages whose machines are AWS's. */
function engineOf(flag: unknown, { target, stage }: Config): EngineName | undefined {
  const wanted = flag ?? (process.env.MLOPS_ENGINE || undefined)
  if (wanted === undefined) return undefined
  const known = engineNames.find((name) => name === wanted)
  const choices = engineNames.join(', ')
  if (!known)
    throw new Failure(`There is no container engine ${JSON.stringify(wanted)}.`, { likely: `Known: ${choices}.`, code: exit.usage })
  if (target !== 'aws') return known
  // The variable may be there for the sake of other stages.
  if (flag === undefined) return undefined
  throw new Failure(`Machines of stage ${stage} are AWS's and always have Docker: --engine is for the embedded cloud.`, {
    code: exit.usage,
  })
}
