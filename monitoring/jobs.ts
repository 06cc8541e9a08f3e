import type { Config } from '../config/config.ts'

/** One thing that Prometheus scrapes. Its name is the `job` label of every series. */
export interface Job {
  readonly name: string
  readonly port: number
}

/** The monitoring servers that are scraped, under the names of their containers; none without Prometheus. */
export function serverJobs({ monitoring: { prometheus, alertmanager, nodeExporter } }: Config): Job[] {
  if (!prometheus) return []
  return [
    { name: 'prometheus', port: prometheus.port },
    ...(alertmanager ? [{ name: 'alertmanager', port: alertmanager.port }] : []),
    ...(nodeExporter ? [{ name: 'node-exporter', port: nodeExporter.port }] : []),
  ]
}

/** Everything that is scraped; nothing without Prometheus. */
export function jobs(config: Config): Job[] {
  return config.monitoring.prometheus ? [...config.services, ...serverJobs(config)] : []
}
