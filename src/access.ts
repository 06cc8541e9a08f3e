import type { Config } from '../config/config.ts'
import type { Access } from './aws/clients.ts'
import type { EngineName } from './local/machine/engine-name.ts'

/**
 * Where the AWS of a stage is: the one place that knows of the embedded cloud. A local stage gets its endpoint and credentials, and that is all that differs; every
 * other stage is left to the SDK's own rules (AWS_PROFILE, AWS_ENDPOINT_URL, OIDC, …).
 * @param ports those the stage opens to the outside: on the embedded cloud they are ports of this machine, and a program that holds one is a Failure here
 * @param engine the container engine of the embedded cloud's new instances; by default the one that they had before, at first the stand-in
 */
export async function accessTo(config: Config, ports: readonly number[] = [], engine?: EngineName): Promise<Access> {
  if (config.target === 'aws') return { region: config.region }
  const { startCloud, refuseTakenPorts } = await import('./local/start.ts')
  const { endpoint, credentials } = await startCloud({ folder: cloudFolder(config), region: config.region, ...(engine && { engine }) })
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
