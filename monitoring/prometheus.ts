import { stringify } from 'yaml'
import type { Config } from '../config/config.ts'
import { serviceRules } from './rules.ts'

/** One thing that Prometheus scrapes. Its name is the `job` label of every series. */
interface Job {
  readonly name: string
  readonly port: number
}

/**
 * The files under `/etc/prometheus/` in the image. Where the targets are is not among them: that is known on the machine only.
 *
 * @returns path relative to that folder → text; empty when the config leaves Prometheus out
 */
export function prometheusFiles(config: Config): Record<string, string> {
  if (!config.monitoring.prometheus) return {}
  const settings = {
    // Below Prometheus's default of a minute: a deploy is looked at within seconds of its end.
    global: {
      scrape_interval: '5s',
      scrape_timeout: '4s',
      evaluation_interval: '5s',
      external_labels: { app: config.app, stage: config.stage },
    },
    rule_files: ['rules/*.yml'],
    scrape_configs: jobs(config).map(({ name }) => ({
      job_name: name,
      // Relative to the folder of this file; read again whenever it changes.
      file_sd_configs: [{ files: [targetsFile(name)], refresh_interval: '5s' }],
    })),
  }
  return { 'prometheus.yml': stringify(settings), 'rules/services.yml': stringify(serviceRules(config), { lineWidth: 0 }) }
}

/**
 * The files that say where each job's targets are, for the folder that is mounted at `/etc/prometheus/`.
 *
 * @param address where the containers of this machine are reached from Prometheus's own
 * @returns path relative to that folder (`targets/ml-inference.json`) → text; empty when the config leaves Prometheus out
 */
export function prometheusTargets(config: Config, address: string): Record<string, string> {
  return Object.fromEntries(
    jobs(config).map(({ name, port }) => {
      const group = { targets: [`${address}:${port}`], labels: { service: name } }
      return [targetsFile(name), `${JSON.stringify([group])}\n`]
    }),
  )
}

/** The arguments of the `prometheus` program; none when the config leaves it out. */
export function prometheusArguments(config: Config): string[] {
  const { prometheus } = config.monitoring
  if (!prometheus) return []
  return [
    '--config.file=/etc/prometheus/prometheus.yml',
    '--storage.tsdb.path=/prometheus',
    '--storage.tsdb.retention.time=15d',
    // Whichever comes first: a small root disk must not fill up.
    '--storage.tsdb.retention.size=2GB',
    `--web.listen-address=0.0.0.0:${prometheus.port}`,
  ]
}

function jobs(config: Config): Job[] {
  const { prometheus } = config.monitoring
  return prometheus ? [...config.services, { name: 'prometheus', port: prometheus.port }] : []
}

function targetsFile(job: string): string {
  return `targets/${job}.json`
}
