import type { Config } from '../config/config.ts'

/** A file of alerting rules, as Prometheus reads it. */
interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[]
}

interface Rule {
  readonly alert: string
  /** PromQL. */
  readonly expr: string
  /** How long it has to hold before the alert fires. */
  readonly for: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: { readonly summary: string; readonly description: string }
}

/** The alerts of every service: it is down when its scrape fails, and also when there is no scrape of it at all. */
export function serviceRules(config: Config): RuleFile {
  const rules = config.services.map(
    ({ name, port }): Rule => ({
      alert: 'ServiceDown',
      expr: `up{job="${name}"} == 0 or absent(up{job="${name}"})`,
      for: '30s',
      labels: { severity: 'critical', service: name },
      annotations: {
        summary: `${name} is down`,
        description: `Prometheus has not been able to scrape ${name} on port ${port} for 30 seconds.`,
      },
    }),
  )
  return { groups: [{ name: 'services', rules }] }
}
