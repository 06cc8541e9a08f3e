import type { Config } from '../config/config.ts'

/** What is measured of the machine, and no more: each collector costs series on every scrape. */
const collectors = ['cpu', 'meminfo', 'filesystem', 'netdev', 'loadavg', 'diskstats']

/** Where the machine's root folder is mounted in the container of the node exporter. */
export const hostRoot = '/host'

/** The arguments of the `node_exporter` program; none when the config leaves it out. */
export function nodeExporterArguments(config: Config): string[] {
  const { nodeExporter } = config.monitoring
  if (!nodeExporter) return []
  return [
    `--path.rootfs=${hostRoot}`,
    '--collector.disable-defaults',
    ...collectors.map((name) => `--collector.${name}`),
    `--web.listen-address=0.0.0.0:${nodeExporter.port}`,
  ]
}
