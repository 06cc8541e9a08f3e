import { relative } from 'node:path'
import type { Config } from '../config/config.ts'
import type { Access } from './aws/clients.ts'
import { type EngineName, engineNames } from './local/machine/engine.ts'
import { exit, Failure } from './report/failure.ts'

/**
 * Where the AWS of a stage is: the one place that knows of the embedded cloud. A local stage gets its endpoint and
 * credentials, and that is all that differs; every other stage is left to the SDK's own rules (AWS_PROFILE,
 * AWS_ENDPOINT_URL, OIDC, …).
 * @param open the ports that the stage opens to the outside, and the tags of its address: on the embedded cloud both
 *   are this machine's, and a program that holds a port there is a Failure here
 * @param flag the container engine that a flag asks for, for the embedded cloud's new instances; by default
 *   MLOPS_ENGINE, else the one they had before
 * @param warn told in one line when the embedded cloud had to be brought back to life, or does not answer for seconds
 * @throws Failure (usage) for an engine that is unknown, or asked of AWS
 */
export async function accessTo(
  config: Config,
  { ports, tags }: OpenToOutside = { ports: [], tags: {} },
  flag?: unknown,
  warn: (line: string) => void = () => undefined,
): Promise<Access> {
  const engine = engineOf(flag, config)
  if (config.target === 'aws') return { region: config.region }
  const { startCloud } = await import('./local/process/start.ts')
  const { refuseTakenPorts } = await import('./local/process/taken-ports.ts')
  const { profileFile, profileName } = await import('./local/process/profile.ts')
  const folder = cloudFolder(config)
  const { endpoint, credentials, revived } = await startCloud({ folder, region: config.region, waiting: warn, ...(engine && { engine }) })
  if (revived) warn(revived)
  const address = await refuseTakenPorts({ folder }, tags, ports)
  // Older versions of AWS's command line take the endpoint from an option only.
  const commandLine = {
    environment: { AWS_CONFIG_FILE: relative(process.cwd(), profileFile(folder)) },
    options: ['--profile', profileName, '--endpoint-url', endpoint],
  }
  return {
    region: config.region,
    endpoint,
    credentials,
    commandLine,
    ...(address && address !== usual ? { notice: elsewhere(address) } : {}),
  }
}

/** What a stage opens, as far as this machine may have to give it. */
export interface OpenToOutside {
  readonly ports: readonly number[]
  readonly tags: Readonly<Record<string, string>>
}

/** Where people look for a stage on this computer. */
const usual = '127.0.0.1'

function elsewhere(address: string): string {
  return `${usual} is the address of another local stage on this computer, so this one answers at ${address}.`
}

/** Where the embedded cloud of a project keeps its state. */
export function cloudFolder(config: Pick<Config, 'folder'>): string {
  return `${config.folder}/.mlops/cloud`
}

/**
 * Where and with which environment a shell on an instance of the embedded cloud is started. That knows sessions and
 * does not speak their data channel, so the shell that its agent would start is started by whoever wants one.
 */
export async function shellOnEmbeddedCloud(config: Config, instanceId: string): Promise<{ cwd: string; env: Record<string, string> }> {
  const { shellEnvironment } = await import('./local/machine/environment.ts')
  return shellEnvironment(`${cloudFolder(config)}/instances/${instanceId}`)
}

/** Stops the embedded cloud of a project; nothing to do for a stage that is not on it. */
export async function closeCloud(config: Config): Promise<void> {
  if (config.target === 'aws') return
  const { stopCloud } = await import('./local/process/start.ts')
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
