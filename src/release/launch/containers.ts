import type { Config } from '../../../config/config.ts'
import { type Launched, monitoringLaunchFiles, monitoringServers } from '../../../monitoring/index.ts'
import type { Pushed } from '../../image/registry/push.ts'
import { writeSecretRequest } from '../../secrets-agent/secret-request.ts'
import type { Container, SecretsAgent } from './launch-description.ts'
import { nodeOptions } from './node-options.ts'
import { secretName } from './secrets.ts'

/** Where a service finds its JSON Schema in its image. */
export const schemaPath = '/app/schema.json'

/**
 * The containers of a release whose images were pushed.
 * @param address the machine's own
 * @param identity what the services answer with, so that it can be told that this launch of them does
 */
export function containersOf(config: Config, pushed: ReadonlyMap<string, Pushed>, address: string, identity: string): Container[] {
  const services = config.services.map(
    (service): Container => ({
      name: service.name,
      kind: 'service',
      image: pushed.get(service.name)!.reference,
      port: service.port,
      health: service.health,
      memoryMiB: service.memoryMiB,
      environment: {
        ...('entry' in service.source ? { NODE_OPTIONS: nodeOptions(service.memoryMiB) } : {}),
        ...service.environment,
        ...Object.fromEntries(Object.entries(service.secrets).map(([variable, secret]) => [`${variable}_FILE`, `/run/secrets/${secret}`])),
        ...(service.schema === undefined ? {} : { SCHEMA_FILE: schemaPath }),
        ...addresses(config, service.needs, address),
        SERVICE_NAME: service.name,
        PORT: String(service.port),
        RELEASE_ID: identity,
      },
      volume: '/data',
      ...plain,
      user: '1000:1000',
      secrets: Object.values(service.secrets),
      needs: service.needs,
    }),
  )
  const servers = monitoringServers(config).flatMap((server): Container[] => {
    const image = pushed.get(server.name)?.reference
    // What was not pushed is not installed on this machine; the deploy has said so.
    if (!image) return []
    const { name, port, health, memoryMiB, volume, reads, hostFolders, hostNetwork, user, secrets } = server
    const environment = server.launchEnvironment(address)
    const also = { kind: 'monitoring' as const, image, environment, needs: [] }
    return [{ name, port, health, memoryMiB, volume, reads, hostFolders, hostNetwork, user, secrets, ...also }]
  })
  return [...services, ...servers]
}

/** A service sees nothing of the machine. */
const plain = { reads: {}, hostFolders: {}, hostNetwork: false }

/** Where a service finds those it needs: `DATA_INGESTION_URL=http://10.0.0.7:8002`. */
function addresses(config: Config, needs: readonly string[], address: string): Record<string, string> {
  const needed = config.services.filter(({ name }) => needs.includes(name))
  return Object.fromEntries(needed.map(({ name, port }) => [`${name.replaceAll('-', '_').toUpperCase()}_URL`, `http://${address}:${port}`]))
}

/** The files that the launch script writes on a machine: path below its root → text. */
export function launchFiles(
  config: Config,
  address: string,
  launched: Launched,
  pushed: ReadonlyMap<string, Pushed>,
): Record<string, string> {
  return monitoringLaunchFiles(config, address, launched, (name) => pushed.has(name))
}

/** What brings the containers their secrets; undefined when they have none. */
export function secretsAgentOf(
  config: Config,
  pushed: ReadonlyMap<string, Pushed>,
  containers: readonly Container[],
): SecretsAgent | undefined {
  const requests = containers.flatMap(({ name, user, secrets }) =>
    secrets.map((secret) =>
      writeSecretRequest({ container: name, name: secret, uid: Number(user.split(':')[0]), parameter: secretName(config, secret) }),
    ),
  )
  return requests.length > 0 ? { image: pushed.get('secrets')!.reference, region: config.region, requests } : undefined
}

/** How a service is run here, to see what it says when it does not come up there. */
export function runHere(config: Config, container: string): string | undefined {
  const service = config.services.find(({ name }) => name === container)
  if (!service || !('entry' in service.source)) return undefined
  return `PORT=${service.port} npx node ${service.source.entry.replace(`${config.folder}/`, '')}`
}
