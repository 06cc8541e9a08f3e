import type { Config } from '../config/config.ts'

/** A file of rules, as Prometheus reads it. */
export interface RuleFile {
  readonly groups: readonly RuleGroup[]
}

/** Rules that are evaluated one after the other, so that later ones see what earlier ones have recorded. */
export interface RuleGroup {
  readonly name: string
  /** How often; Prometheus's own evaluation interval where nothing is said. */
  readonly interval?: string
  readonly rules: readonly (Alert | Recording)[]
}

export interface Recording {
  /** `level:metric:operations`, as Prometheus's naming rules have it. */
  readonly record: string
  /** PromQL. */
  readonly expr: string
  readonly labels?: Readonly<Record<string, string>>
}

export type Severity = 'critical' | 'warning' | 'info'

export interface Alert {
  readonly alert: string
  /** PromQL. */
  readonly expr: string
  /** How long it has to hold before the alert fires. */
  readonly for: string
  /** `service` says whose alert it is, in whose name it is grouped and held back. */
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string }
}

/** What an alert says about itself. `$labels` and `$value` are Prometheus's template variables. */
export interface AlertText {
  readonly severity: Severity
  /** The service it is about; absent where it is about the machine. */
  readonly service?: string
  /** One line without a full stop. */
  readonly summary: string
  /** Whole sentences: what holds, since when, and what that means. */
  readonly description: string
  /** Its section of the runbooks; the alert's own name where nothing else is said. */
  readonly runbook?: string
  readonly labels?: Readonly<Record<string, string>>
}

/**
 * An alert with a link to its runbook.
 *
 * @param expr PromQL
 * @param duration how long it has to hold, as Prometheus writes it; `0s` for at once
 */
export function alert(config: Config, name: string, expr: string, duration: string, text: AlertText): Alert {
  const { severity, service, summary, description, runbook = name, labels } = text
  return {
    alert: name,
    expr,
    for: duration,
    labels: { severity, ...(service !== undefined && { service }), ...labels },
    // GitHub makes anchors of headings by lowering their case.
    annotations: { summary, description, runbook_url: `${config.monitoring.alerts.runbooks}#${runbook.toLowerCase()}` },
  }
}
