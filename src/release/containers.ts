import type { Config } from '../../config/config.ts'
import { grafanaLaunchEnvironment, prometheusTargets } from '../../monitoring/index.ts'
import type { Pushed } from '../image/push.ts'
import { writeErrand } from '../keeper/errand.ts'
import type { Container, Keeper } from './launch-script.ts'
import { grafanaPassword, secretName } from './secrets.ts'

/** Where the launch script puts the files that tell Prometheus what to scrape, below its root. */
const targetsFolder = 'prometheus'

/** Where a service finds its JSON Schema in its image. */
export const schemaPath = '/app/schema.json'

/** The containers of a release whose images were pushed; `address` is the machine's own. */
export function containersOf(config: Config, pushed: ReadonlyMap<string, Pushed>, address: string): Container[] {
  const services = config.services.map(
    (service): Container => ({
      name: service.name,
      image: pushed.get(service.name)!.reference,
      port: service.port,
      health: service.health,
      memoryMiB: service.memoryMiB,
      environment: {
        ...service.environment,
        ...Object.fromEntries(Object.entries(service.secrets).map(([variable, secret]) => [`${variable}_FILE`, `/run/secrets/${secret}`])),
        ...(service.schema === undefined ? {} : { SCHEMA_FILE: schemaPath }),
        ...addresses(config, service.needs, address),
        SERVICE_NAME: service.name,
        PORT: String(service.port),
      },
      volume: '/data',
      reads: {},
      user: '1000:1000',
      secrets: Object.values(service.secrets),
      needs: service.needs,
    }),
  )
  const { prometheus, grafana } = config.monitoring
  const server = { environment: {}, reads: {}, user: '65534:65534', needs: [], secrets: [] }
  const monitoring: Omit<Container, 'image'>[] = [
    ...(prometheus
      ? [
          {
            ...server,
            ...prometheus,
            name: 'prometheus',
            health: '/-/ready',
            volume: '/prometheus',
            reads: { [`${targetsFolder}/targets`]: '/etc/prometheus/targets' },
          },
        ]
      : []),
    ...(grafana
      ? [
          {
            ...server,
            ...grafana,
            name: 'grafana',
            user: '472:0',
            secrets: [grafanaPassword],
            health: '/api/health',
            volume: '/var/lib/grafana',
            environment: grafanaLaunchEnvironment(config, address),
          },
        ]
      : []),
  ]
  // What was not pushed could not be had on this machine; the deploy has said so.
  const had = monitoring.flatMap((container) => {
    const image = pushed.get(container.name)?.reference
    return image ? [{ ...container, image }] : []
  })
  return [...services, ...had]
}

/** Where a service finds those it needs: `DATA_INGESTION_URL=http://10.0.0.7:8002`. */
function addresses(config: Config, needs: readonly string[], address: string): Record<string, string> {
  const needed = config.services.filter(({ name }) => needs.includes(name))
  return Object.fromEntries(needed.map(({ name, port }) => [`${name.replaceAll('-', '_').toUpperCase()}_URL`, `http://${address}:${port}`]))
}

/** The files that the launch script writes on a machine: path below its root → text. */
export function launchFiles(config: Config, address: string): Record<string, string> {
  if (!config.monitoring.prometheus) return {}
  return Object.fromEntries(Object.entries(prometheusTargets(config, address)).map(([path, text]) => [`${targetsFolder}/${path}`, text]))
}

/** What brings the containers their secrets; undefined when they have none. */
export function keeperOf(config: Config, pushed: ReadonlyMap<string, Pushed>, containers: readonly Container[]): Keeper | undefined {
  const errands = containers.flatMap(({ name, user, secrets }) =>
    secrets.map((secret) =>
      writeErrand({ container: name, name: secret, uid: Number(user.split(':')[0]), parameter: secretName(config, secret) }),
    ),
  )
  return errands.length > 0 ? { image: pushed.get('secrets')!.reference, region: config.region, errands } : undefined
}
