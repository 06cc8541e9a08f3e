import { delimiter } from 'node:path'
import { readWhole } from '../files/whole.ts'
import { folderAt, type InstanceFolder, type Settings } from './folder.ts'
import { metadataEndpoint } from './metadata/metadata.ts'
import { marker } from './process-table.ts'

/**
 * The environment of whatever root starts on an instance: the machine image's programs first on the PATH, the root of
 * its disk, and where the metadata service and AWS are. Of the user's own environment it keeps PATH, LANG and TMPDIR
 * and nothing else.
 */
export function machineEnvironment(folder: InstanceFolder, settings: Settings): Record<string, string> {
  const { PATH = '/usr/local/bin:/usr/bin:/bin', LANG, TMPDIR } = process.env
  const metadata = metadataEndpoint(folder)
  return {
    PATH: PATH.split(delimiter).includes(folder.bin) ? PATH : `${folder.bin}${delimiter}${PATH}`,
    ...(LANG !== undefined && { LANG }),
    ...(TMPDIR !== undefined && { TMPDIR }),
    [marker]: settings.instanceId,
    MLOPS_ROOT: folder.root,
    AWS_ENDPOINT_URL: settings.endpoint,
    AWS_REGION: settings.region,
    ...(metadata !== undefined && { AWS_EC2_METADATA_SERVICE_ENDPOINT: metadata }),
  }
}

/** What the agent adds for a script it runs (amazon-ssm-agent, agent/plugins/runscript). */
export function agentEnvironment(settings: Settings, commandId: string): Record<string, string> {
  return {
    SSM_COMMAND_ID: commandId,
    AWS_SSM_INSTANCE_ID: settings.instanceId,
    AWS_SSM_REGION_NAME: settings.region,
    AWS_SSM_PLATFORM_NAME: 'Amazon Linux',
    AWS_SSM_PLATFORM_VERSION: '2023',
  }
}

/**
 * Where and with what an interactive shell on the instance runs, as the agent would start it for a session.
 *
 * @param folder the instance's folder, absolute: `<cloud folder>/instances/<instance id>`
 * @throws Error when there is no such instance.
 */
export function shellEnvironment(folder: string): { cwd: string; env: Record<string, string> } {
  const instance = folderAt(folder)
  const settings = readWhole<Settings>(instance.settings)
  if (settings === undefined) throw new Error(`${folder} is not the folder of an instance`)
  return { cwd: instance.root, env: { ...machineEnvironment(instance, settings), HOME: instance.root, TERM: process.env.TERM ?? 'dumb' } }
}
