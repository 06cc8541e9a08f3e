import { resolve as absolute, dirname } from 'node:path'
import { type MonitoringKind, monitoringPorts, runs } from './checks/ports.ts'
import type { Alerts, Config, Expose, MonitoringServer, Objectives, Service } from './config.ts'
import { images } from './images.ts'
import { defaultInstance } from './schema/instance.ts'
import { defaultObjectives } from './schema/objectives.ts'
import type { AlertsOptions, ConfigOptions, MonitoringOptions, ServiceOptions } from './schema/options.ts'

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
    ...(options.account !== undefined && { account: options.account }),
    ...(options.permissionsBoundary !== undefined && { permissionsBoundary: options.permissionsBoundary }),
    tags: { ...options.tags },
    strategy: options.strategy ?? 'blue-green',
    instance: {
      type: options.instance?.type ?? defaultInstance.type,
      fallbackTypes: [...new Set(options.instance?.fallbackTypes)],
      diskGiB: options.instance?.diskGiB ?? defaultInstance.diskGiB,
      swapMiB: options.instance?.swapMiB ?? 0,
      credits: options.instance?.credits ?? 'standard',
    },
    network: options.network,
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
  const source = absolute(folder, entry ?? dockerfile!)
  const variables = Object.entries(options.environment ?? {})
  return {
    name,
    source: entry === undefined ? { dockerfile: source } : { entry: source },
    port: options.port,
    health: options.health ?? '/health',
    expose: resolveExpose(options.expose),
    auth: options.auth ?? 'none',
    rateLimit: options.rateLimit,
    trustProxy: [...new Set(options.trustProxy)],
    memoryMiB: options.memoryMiB ?? 256,
    environment: Object.fromEntries(variables.flatMap(([key, value]) => (typeof value === 'object' ? [] : [[key, String(value)]]))),
    secrets: Object.fromEntries(variables.flatMap(([key, value]) => (typeof value === 'object' ? [[key, value.secret]] : []))),
    ...(options.schema === undefined ? {} : { schema: absolute(folder, options.schema) }),
    needs: [...new Set(options.needs)],
    slo: resolveObjectives(options.slo),
    measures: [...new Set(options.measures)],
  }
}

function resolveObjectives(given: ServiceOptions['slo']): Objectives | undefined {
  if (given === false) return undefined
  const { availability, latency } = defaultObjectives
  return { availability: given?.availability ?? availability, latency: { ...latency, ...given?.latency } }
}

function resolveMonitoring(given: ConfigOptions['monitoring'], base: string): Config['monitoring'] {
  const options: MonitoringOptions = given === false ? { prometheus: false, grafana: false } : (given ?? {})
  const server = (kind: MonitoringKind): MonitoringServer | undefined => {
    const own = options[kind]
    if (own === false || !runs(kind, options)) return undefined
    return {
      port: own?.port ?? monitoringPorts[kind],
      base: own?.base ?? (base === 'host' ? 'host' : images[kind]),
      memoryMiB: own?.memoryMiB ?? memoryOf[kind],
    }
  }
  return {
    expose: resolveExpose(options.expose),
    prometheus: server('prometheus'),
    grafana: server('grafana'),
    alertmanager: server('alertmanager'),
    nodeExporter: server('nodeExporter'),
    scrapeInterval: options.scrapeInterval ?? '5s',
    retention: options.retention ?? '30d',
    alerts: resolveAlerts(options.alerts ?? {}),
  }
}

/** What each server does well with beside a handful of services, in MiB. What was measured stands in `docs/aws.md`. */
const memoryOf: Readonly<Record<MonitoringKind, number>> = { prometheus: 256, grafana: 512, alertmanager: 128, nodeExporter: 64 }

function resolveAlerts({ slack, webhook, email, heartbeat, runbooks = 'docs/alerts.md', settle = '3m' }: AlertsOptions): Alerts {
  return {
    slack: slack && { url: slack.url, channel: slack.channel },
    webhook: webhook && { url: webhook.url, token: webhook.token },
    email: email && {
      to: typeof email.to === 'string' ? [email.to] : email.to,
      from: email.from,
      smarthost: email.smarthost,
      username: email.username,
      password: email.password,
    },
    heartbeat,
    runbooks,
    settle,
  }
}

/** A list without repetitions; an empty one lets nobody in. */
function resolveExpose(given: Expose = 'nobody'): Expose {
  if (typeof given === 'string') return given
  return given.length === 0 ? 'nobody' : [...new Set(given)]
}
