import type { Config } from '../../../config/config.ts'
import { accessTo } from '../../access.ts'
import { callerOf } from '../../aws/caller.ts'
import { Clients } from '../../aws/clients.ts'
import { explain } from '../../aws/errors.ts'
import { loadConfig } from '../../load-config.ts'
import { exit, Failure } from '../../report/failure.ts'
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
 * @throws Failure that lists every mistake in the config, or says that the credentials are of another account; nothing
 *   was touched then
 */
export async function openStage(
  flags: { stage?: unknown; strategy?: unknown; engine?: unknown },
  options: { serve?: boolean; warn?: (line: string) => void } = {},
): Promise<Stage> {
  const config = await configOf(flags)
  // Loaded here, since it knows monitoring, which most scripts that open nothing do not ask about.
  const ports = options.serve ? (await import('./ports.ts')).openPorts(config).map(({ port }) => port) : []
  const access = await accessTo(config, { ports, tags: ownerOf(config).tags }, flags.engine, options.warn)
  const clients = new Clients({ ...access, tags: config.tags })
  await refuseOtherAccount(clients, config)
  return { config, clients }
}

/**
 * Refuses credentials of another account than the config says; nothing was touched then.
 * @throws Failure (access)
 */
export async function refuseOtherAccount(
  clients: Clients,
  { account, app, stage }: Pick<Config, 'account' | 'app' | 'stage'>,
): Promise<void> {
  if (account === undefined) return
  const caller = await callerOf(clients).catch((error) => {
    throw explain(error, 'Could not ask whose the credentials are', `stage ${stage} of ${app}`)
  })
  if (caller.account === account) return
  throw new Failure(`These credentials are of account ${caller.account}, and the stage is in ${account}. Nothing was changed.`, {
    on: `stage ${stage} of ${app}`,
    likely: `They belong to ${caller.arn}: another profile, or another shell, is in use.`,
    next: 'Set AWS_PROFILE to a profile of that account, or correct account in mlops.config.ts.',
    code: exit.access,
  })
}
