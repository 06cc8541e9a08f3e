import { stringify } from 'yaml'
import { guardOf, hasToken, serviceToken } from '../config/access.ts'
import type { Config } from '../config/config.ts'
import { customRules } from './custom.ts'
import { duration, scrapeSeconds } from './intervals.ts'
import { jobs } from './jobs.ts'
import { ruleFiles } from './rules.ts'
import { targetsFile } from './targets.ts'

/**
 * The files under `/etc/prometheus/` in the image. Where the targets are is not among them: that is known on the
 * machine only.
 *
 * @returns path relative to that folder → text; empty when the config leaves Prometheus out
 * @throws Failure for a file in the project's `monitoring/rules/` that Prometheus would refuse
 */
export function prometheusFiles(config: Config): Record<string, string> {
  const { prometheus, alertmanager, scrapeInterval } = config.monitoring
  if (!prometheus) return {}
  const discovery = (job: string) => ({
    // Relative to the folder of this file; read again whenever it changes.
    file_sd_configs: [{ files: [targetsFile(job)], refresh_interval: '5s' }],
  })
  const generated = Object.entries(ruleFiles(config)).map(([name, file]) => [`rules/${name}.yml`, text(file)])
  const custom = Object.entries(customRules(config)).map(([name, text]) => [`rules/custom-${name}`, text])
  const rules: Record<string, string> = Object.fromEntries([...generated, ...custom])
  const settings = {
    global: {
      scrape_interval: scrapeInterval,
      scrape_timeout: duration(Math.min(10, scrapeSeconds(config) * 0.8)),
      evaluation_interval: scrapeInterval,
      external_labels: { app: config.app, stage: config.stage },
    },
    ...(alertmanager && { alerting: { alertmanagers: [discovery('alertmanager')] } }),
    // The last ones are written by each launch: they say which release runs.
    rule_files: [...Object.keys(rules), 'targets/*.yml'],
    scrape_configs: jobs(config).map(({ name }) => ({ job_name: name, ...authorization(config, name), ...discovery(name) })),
  }
  return { 'prometheus.yml': text(settings), ...rules }
}

/** What Prometheus shows the services that demand a token. The others know it by the network that it is on. */
function authorization(config: Config, job: string) {
  const service = config.services.find(({ name }) => name === job)
  if (!service || guardOf(service) !== 'everything') return {}
  // Relative to the folder of this file, as Prometheus reads it: where programs run without a container there is no
  // /run/secrets.
  return { authorization: { type: 'Bearer', credentials_file: `../../run/secrets/${serviceToken}` } }
}

/** The secrets that Prometheus reads, by name. */
export function prometheusSecrets(config: Config): string[] {
  return hasToken(config) ? [serviceToken] : []
}

/** YAML without line breaks in expressions and without references, which people would have to follow. */
function text(value: object): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })
}

/** The arguments of the `prometheus` program; none when the config leaves it out. */
export function prometheusArguments(config: Config): string[] {
  const { prometheus, retention } = config.monitoring
  if (!prometheus) return []
  return [
    '--config.file=/etc/prometheus/prometheus.yml',
    '--storage.tsdb.path=/prometheus',
    `--storage.tsdb.retention.time=${retention}`,
    // Whichever comes first: a small root disk must not fill up.
    '--storage.tsdb.retention.size=2GB',
    `--web.listen-address=0.0.0.0:${prometheus.port}`,
  ]
}
