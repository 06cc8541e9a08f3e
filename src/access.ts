import type { Config } from '../config/config.ts'
import { exit, Failure } from '../config/failure.ts'
import type { Access } from './aws/clients.ts'
import { type EngineName, engineNames } from './local/machine/engine-name.ts'

/**
 * Where the AWS of a stage is: the one place that knows of the embedded cloud. A local stage gets its endpoint and credentials, and that is all that differs; every
 * other stage is left to the SDK's own rules (AWS_PROFILE, AWS_ENDPOINT_URL, OIDC, …).
 * @param ports those the stage opens to the outside: on the embedded cloud they are ports of this machine, and a program that holds one is a Failure here
 * @param flag the container engine that a flag asks for, for the embedded cloud's new instances; by default MLOPS_ENGINE, else the one they had before
 * @param warn told in one line when the embedded cloud had to be brought back to life
 * @throws Failure (usage) for an engine that is unknown, or asked of AWS
 */
export async function accessTo(
  config: Config,
  ports: readonly number[] = [],
  flag?: unknown,
  warn: (line: string) => void = () => undefined,
): Promise<Access> {
  const engine = engineOf(flag, config)
  if (config.target === 'aws') return { region: config.region }
  const { startCloud, refuseTakenPorts } = await import('./local/start.ts')
  const { endpoint, credentials, revived } = await startCloud({
    folder: cloudFolder(config),
    region: config.region,
    ...(engine && { engine }),
  })
  if (revived) warn(revived)
  await refuseTakenPorts({ folder: cloudFolder(config) }, ports)
  return { region: config.region, endpoint, credentials }
}

/** Where the embedded cloud of a project keeps its state. */
export function cloudFolder(config: Pick<Config, 'folder'>): string {
  return `${config.folder}/.mlops/cloud`
}

/** Stops the embedded cloud of a project; nothing to do for a stage that is not on it. */
export async function closeCloud(config: Config): Promise<void> {
  if (config.target === 'aws') return
  const { stopCloud } = await import('./local/start.ts')
  await stopCloud({ folder: cloudFolder(config) })
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
