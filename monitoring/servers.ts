import { existsSync } from 'node:fs'
import type { Config, Expose, MonitoringServer } from '../config/config.ts'
import { alertmanagerArguments, alertmanagerFiles, alertmanagerSecrets } from './alertmanager.ts'
import { adminPassword, grafanaAddresses, grafanaEnvironment, grafanaFiles } from './grafana.ts'
import type { Job } from './jobs.ts'
import { hostRoot, nodeExporterArguments } from './node-exporter.ts'
import { prometheusArguments, prometheusFiles, prometheusSecrets } from './prometheus.ts'
import { type Launched, prometheusRelease, prometheusTargets } from './targets.ts'

/** A server of monitoring, in every respect that building, launching and checking its container need to know. */
export interface Server {
  /** Of the container, the image and its repository. */
  readonly name: 'prometheus' | 'grafana' | 'alertmanager' | 'node-exporter'
  readonly port: number
  readonly expose: Expose
  /** Answers 200 there once it works. */
  readonly health: string
  readonly memoryMiB: number
  /** The official image, or `host`. */
  readonly base: string
  /** For base `host`: what the program is called on the PATH, by its makers first and then by distributions. */
  readonly programs: readonly string[]
  /** For base `host`: folders of this machine that the program needs at the same place. */
  readonly folders: readonly string[]
  /** `UID:GID`, the official image's own. */
  readonly user: string
  readonly workingDirectory: string | undefined
  /** The image's command: the arguments of its entrypoint. Undefined leaves it to the image. */
  readonly command: readonly string[] | undefined
  readonly environment: Readonly<Record<string, string>>
  /**
   * Folders of the image that it writes to, or that something is mounted on. A fresh volume takes the owner of its
   * folder.
   */
  readonly directories: readonly { readonly path: string; readonly uid?: number; readonly gid?: number }[]
  /**
   * What the image has on top of its base: absolute path → text. A function, because not every script that asks for
   * servers builds them.
   */
  files(): Record<string, string>
  /** A path in the container that keeps what is written there. */
  readonly volume: string | undefined
  /** Folders below the launch's root that the container reads: folder → path in the container. */
  readonly reads: Readonly<Record<string, string>>
  /** Secrets that it reads from `/run/secrets/NAME`. */
  readonly secrets: readonly string[]
  /** Folders of the machine that it reads: folder → path in the container. */
  readonly hostFolders: Readonly<Record<string, string>>
  /** Whether it is on the machine's own network: it measures that. */
  readonly hostNetwork: boolean
  /** Variables that say where another container is, once the machine is known: variable → port. */
  readonly addresses: Readonly<Record<string, number>>
}

/** Where a launch puts the files that tell Prometheus what to scrape and what was released, below its root. */
const launchFolder = 'prometheus'

/** `nobody`, whom the official images of the Prometheus project run as. */
const nobody = { uid: 65534, gid: 65534 }

/** Whom the official image of Grafana runs as. */
const grafanaUser = { uid: 472, gid: 0 }

/** The monitoring servers of a config, those that it leaves out left out. */
export function monitoringServers(config: Config): Server[] {
  const { prometheus, grafana, alertmanager, nodeExporter } = config.monitoring
  return [
    ...(prometheus ? [prometheusServer(config, prometheus)] : []),
    ...(alertmanager ? [alertmanagerServer(config, alertmanager)] : []),
    ...(nodeExporter ? [nodeExporterServer(config, nodeExporter)] : []),
    ...(grafana ? [grafanaServer(config, grafana)] : []),
  ]
}

/**
 * The files of monitoring that only a launch can write.
 *
 * @param scraped those of the config's `jobs` whose containers run
 * @param address where the containers of the machine are reached from each other
 * @param launched the release, for dashboards and for holding back alerts
 * @returns path below the launch's root → text; empty when nothing is scraped
 */
export function monitoringLaunchFiles(scraped: readonly Job[], address: string, launched: Launched): Record<string, string> {
  if (scraped.length === 0) return {}
  const files = { ...prometheusTargets(scraped, address), ...prometheusRelease(launched) }
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`${launchFolder}/${path}`, text]))
}

/** What most servers have in common. */
function server(config: Config, { port, base, memoryMiB }: MonitoringServer) {
  return {
    port,
    base,
    memoryMiB,
    expose: config.monitoring.expose,
    folders: [],
    workingDirectory: undefined,
    environment: {},
    reads: {},
    secrets: [],
    hostFolders: {},
    hostNetwork: false,
    addresses: {},
    user: `${nobody.uid}:${nobody.gid}`,
  }
}

/**
 * Where Debian's packages of the Prometheus project keep what their makers build into the programs: pages and
 * templates. Elsewhere there is no such folder.
 */
function shared({ base }: MonitoringServer, folder: string): string[] {
  return base === 'host' ? [folder].filter((path) => existsSync(path)) : []
}

function prometheusServer(config: Config, own: MonitoringServer): Server {
  return {
    ...server(config, own),
    name: 'prometheus',
    health: '/-/ready',
    programs: ['prometheus'],
    folders: shared(own, '/usr/share/prometheus/web'),
    command: prometheusArguments(config),
    directories: [{ path: '/prometheus', ...nobody }, { path: '/etc/prometheus/targets' }],
    files: () => under('/etc/prometheus', prometheusFiles(config)),
    volume: '/prometheus',
    reads: { [`${launchFolder}/targets`]: '/etc/prometheus/targets' },
    secrets: prometheusSecrets(config),
  }
}

function alertmanagerServer(config: Config, own: MonitoringServer): Server {
  return {
    ...server(config, own),
    name: 'alertmanager',
    health: '/-/ready',
    programs: ['alertmanager', 'prometheus-alertmanager'],
    folders: shared(own, '/usr/share/prometheus/alertmanager'),
    // Paths of secrets in its config are relative to where it runs.
    workingDirectory: '/etc/alertmanager',
    command: alertmanagerArguments(config),
    directories: [{ path: '/alertmanager', ...nobody }],
    files: () => under('/etc/alertmanager', alertmanagerFiles(config)),
    // Silences, and who has been told what.
    volume: '/alertmanager',
    secrets: alertmanagerSecrets(config),
  }
}

function nodeExporterServer(config: Config, own: MonitoringServer): Server {
  return {
    ...server(config, own),
    name: 'node-exporter',
    health: '/',
    // For Prometheus alone, whoever may reach that.
    expose: 'nobody',
    programs: ['node_exporter', 'prometheus-node-exporter'],
    command: nodeExporterArguments(config),
    directories: [],
    files: () => ({}),
    volume: undefined,
    hostFolders: { '/': hostRoot },
    hostNetwork: true,
  }
}

function grafanaServer(config: Config, own: MonitoringServer): Server {
  const home = '/usr/share/grafana'
  const host = own.base === 'host'
  return {
    ...server(config, own),
    name: 'grafana',
    health: '/api/health',
    programs: ['grafana'],
    folders: host ? [home] : [],
    user: `${grafanaUser.uid}:${grafanaUser.gid}`,
    command: host ? ['server', `--homepath=${home}`] : undefined,
    environment: grafanaEnvironment(config),
    directories: [{ path: '/var/lib/grafana', ...grafanaUser }],
    files: () => grafanaFiles(config),
    volume: '/var/lib/grafana',
    secrets: [adminPassword],
    addresses: grafanaAddresses(config),
  }
}

function under(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]))
}
