import type { Config } from '../../config/config.ts'
import { grafanaLaunchEnvironment, prometheusTargets } from '../../monitoring/index.ts'
import type { Pushed } from '../image/push.ts'
import type { Container } from './launch-script.ts'

/** Where the launch script puts the files that tell Prometheus what to scrape, below its root. */
const targetsFolder = 'prometheus'

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
        ...addresses(config, service.needs, address),
        SERVICE_NAME: service.name,
        PORT: String(service.port),
      },
      volume: '/data',
      reads: {},
      user: '1000:1000',
      needs: service.needs,
    }),
  )
  const { prometheus, grafana } = config.monitoring
  const server = { environment: {}, reads: {}, user: undefined, needs: [] }
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
