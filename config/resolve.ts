import { resolve as absolute, dirname } from 'node:path'
import type { Config, Expose, MonitoringServer, Service } from './config.ts'
import { images } from './images.ts'
import type { ConfigOptions, MonitoringServerOptions, ServiceOptions } from './options.ts'
import { monitoringPorts } from './ports.ts'

/**
 * Fills in every default and makes every path absolute. Pure.
 *
 * @param options a config that has passed every check
 * @param file the config file, absolute
 */
export function resolve(options: ConfigOptions, stage: string, file: string): Config {
  const folder = dirname(file)
  const target = options.target ?? (stage === 'local' ? 'local' : 'aws')
  const base = options.base ?? (target === 'local' ? 'host' : images.node)
  return {
    app: options.app,
    stage,
    target,
    region: options.region ?? 'us-east-1',
    strategy: options.strategy ?? 'blue-green',
    instance: { type: options.instance?.type ?? 't3.micro', diskGiB: options.instance?.diskGiB ?? 20 },
    base,
    services: Object.entries(options.services).map(([name, service]) => resolveService(name, service, folder)),
    monitoring: resolveMonitoring(options.monitoring, base),
    protect: options.protect ?? false,
    file,
    folder,
  }
}

function resolveService(name: string, options: ServiceOptions, folder: string): Service {
  const { entry, dockerfile } = options
  return {
    name,
    source: entry === undefined ? { dockerfile: absolute(folder, dockerfile!) } : { entry: absolute(folder, entry) },
    port: options.port,
    health: options.health ?? '/health',
    expose: resolveExpose(options.expose),
    memoryMiB: options.memoryMiB ?? 256,
    environment: Object.fromEntries(Object.entries(options.environment ?? {}).map(([key, value]) => [key, String(value)])),
    needs: [...new Set(options.needs)],
  }
}

function resolveMonitoring(given: ConfigOptions['monitoring'], base: string): Config['monitoring'] {
  const options = given === false ? ({ prometheus: false, grafana: false } as const) : (given ?? {})
  return {
    expose: resolveExpose(given ? given.expose : undefined),
    prometheus: resolveServer('prometheus', options.prometheus, base),
    grafana: resolveServer('grafana', options.grafana, base),
  }
}

function resolveServer(
  kind: 'prometheus' | 'grafana',
  options: false | MonitoringServerOptions | undefined,
  base: string,
): MonitoringServer | undefined {
  if (options === false) return undefined
  return {
    port: options?.port ?? monitoringPorts[kind],
    base: options?.base ?? (base === 'host' ? 'host' : images[kind]),
    memoryMiB: options?.memoryMiB ?? 256,
  }
}

/** A list without repetitions; an empty one lets nobody in. */
function resolveExpose(given: Expose = 'nobody'): Expose {
  if (typeof given === 'string') return given
  return given.length === 0 ? 'nobody' : [...new Set(given)]
}
