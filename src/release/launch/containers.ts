import { guardOf, hasToken, serviceToken } from '../../../config/access.ts'
import type { Config, Service } from '../../../config/config.ts'
import { monitoringServers } from '../../../monitoring/index.ts'
import type { Located } from '../../image/registry/push.ts'
import { writeSecretRequest } from '../../secrets-agent/secret-request.ts'
import { nodeOptions } from './node-options.ts'
import type { Container, SecretsAgent } from './script-input.ts'
import { secretName } from './secrets.ts'

/** Where a service finds its JSON Schema in its image. */
export const schemaPath = '/app/schema.json'

/** A container of a release, on whatever machine it comes to run. */
export interface DescribedContainer extends Container {
  /** What of its environment is the same on every machine: never the value of a secret. */
  readonly environment: Readonly<Record<string, string>>
  /** Variables that say where another container of the same machine is: variable → port. */
  readonly addresses: Readonly<Record<string, number>>
}

/** The containers of a release that has these images. */
export function containersOf(config: Config, images: ReadonlyMap<string, Located>): DescribedContainer[] {
  const services = config.services.map(
    (service): Omit<DescribedContainer, 'swapMiB'> => ({
      name: service.name,
      kind: 'service',
      image: images.get(service.name)!.reference,
      port: service.port,
      health: service.health,
      memoryMiB: service.memoryMiB,
      environment: {
        ...('entry' in service.source ? { NODE_OPTIONS: nodeOptions(service.memoryMiB) } : {}),
        ...service.environment,
        ...Object.fromEntries(Object.entries(service.secrets).map(([variable, secret]) => [`${variable}_FILE`, `/run/secrets/${secret}`])),
        ...(service.schema === undefined ? {} : { SCHEMA_FILE: schemaPath }),
        ...accessVariables(config, service),
        SERVICE_NAME: service.name,
        PORT: String(service.port),
      },
      addresses: addresses(config, service.needs),
      volume: '/data',
      ...plain,
      user: '1000:1000',
      secrets: secretsOf(config, service),
      needs: service.needs,
    }),
  )
  const servers = monitoringServers(config).flatMap((server): Omit<DescribedContainer, 'swapMiB'>[] => {
    const image = images.get(server.name)?.reference
    // What has none is not installed on this machine; the deploy has said so.
    if (!image) return []
    const { name, port, health, memoryMiB, volume, reads, hostFolders, hostNetwork, user, secrets } = server
    const also = { kind: 'monitoring' as const, image, environment: {}, addresses: server.addresses, needs: [] }
    return [{ name, port, health, memoryMiB, volume, reads, hostFolders, hostNetwork, user, secrets, ...also }]
  })
  return withSwap(config, [...services, ...servers])
}

/** Deals the machine's swap out by the containers' limits, so that none of them can take what others count on. */
function withSwap({ instance: { swapMiB } }: Config, containers: readonly Omit<DescribedContainer, 'swapMiB'>[]): DescribedContainer[] {
  const sum = containers.reduce((total, { memoryMiB }) => total + memoryMiB, 0)
  return containers.map((container) => ({ ...container, swapMiB: Math.floor((swapMiB * container.memoryMiB) / sum) }))
}

/** What tells a service whom it answers, as the kit reads it: where its token lies, never the token. */
function accessVariables(config: Config, service: Service): Record<string, string> {
  const { rateLimit, trustProxy } = service
  const guard = guardOf(service)
  return {
    ...(guard === 'nothing' ? {} : { SERVICE_AUTH: guard === 'everything' ? 'token' : 'metrics' }),
    ...(readsToken(config, service) ? { SERVICE_TOKEN_FILE: `/run/secrets/${serviceToken}` } : {}),
    ...(rateLimit ? { SERVICE_RATE_LIMIT: `${rateLimit.perSecond}/${rateLimit.burst}` } : {}),
    ...(trustProxy.length > 0 ? { SERVICE_TRUST_PROXY: trustProxy.join(',') } : {}),
  }
}

/** Whether a service needs the token: to guard what it has, or to get into one that it needs. */
function readsToken(config: Config, service: Service): boolean {
  const asks = config.services.some(({ name, auth }) => auth === 'token' && service.needs.includes(name))
  return asks || (hasToken(config) && guardOf(service) !== 'nothing')
}

function secretsOf(config: Config, service: Service): string[] {
  return [...new Set([...Object.values(service.secrets), ...(readsToken(config, service) ? [serviceToken] : [])])]
}

/** A service sees nothing of the machine. */
const plain = { reads: {}, hostFolders: {}, hostNetwork: false }

/** What tells a service where those are that it needs: `DATA_INGESTION_URL` → 8002. */
function addresses(config: Config, needs: readonly string[]): Record<string, number> {
  const needed = config.services.filter(({ name }) => needs.includes(name))
  return Object.fromEntries(needed.map(({ name, port }) => [`${name.replaceAll('-', '_').toUpperCase()}_URL`, port]))
}

/** What brings the containers their secrets; undefined when they have none. */
export function secretsAgentOf(
  config: Config,
  images: ReadonlyMap<string, Located>,
  containers: readonly DescribedContainer[],
): SecretsAgent | undefined {
  const requests = containers.flatMap(({ name, user, secrets }) =>
    secrets.map((secret) =>
      writeSecretRequest({ container: name, name: secret, uid: Number(user.split(':')[0]), parameter: secretName(config, secret) }),
    ),
  )
  return requests.length > 0 ? { image: images.get('secrets')!.reference, region: config.region, requests } : undefined
}

/** How a service is run here, to see what it says when it does not come up there. */
export function runHere(config: Config, container: string): string | undefined {
  const service = config.services.find(({ name }) => name === container)
  if (!service || !('entry' in service.source)) return undefined
  return `PORT=${service.port} npx node ${service.source.entry.replace(`${config.folder}/`, '')}`
}
