import { stringify } from 'yaml'
import type { Alerts, Config, Secret } from '../config/config.ts'
import { duration, scrapeSeconds } from './intervals.ts'

/**
 * Where the containers of a launch find secrets, seen from the folder that Alertmanager runs in: `/run/secrets`. Said
 * without a leading slash, it is right as well where a container's root folder is a folder of the machine.
 */
const secrets = '../../run/secrets'

/** Who gets nothing. */
const nobody = 'nobody'
/** The dead man's switch. */
const heartbeat = 'heartbeat'

/**
 * The files under `/etc/alertmanager/` in the image, which is also the folder that Alertmanager runs in.
 *
 * @returns path relative to that folder → text; empty when the config leaves Alertmanager out
 */
export function alertmanagerFiles(config: Config): Record<string, string> {
  if (!config.monitoring.alertmanager) return {}
  const { alerts } = config.monitoring
  const settings = {
    global: { resolve_timeout: '5m' },
    route: {
      receiver: 'team',
      group_by: ['service'],
      // Alerts with one cause fire within two evaluations of each other, and are told in one message.
      group_wait: duration(2 * scrapeSeconds(config)),
      group_interval: '1m',
      repeat_interval: '4h',
      routes: [
        // Whoever hears it has to hear it all the time.
        ...(alerts.heartbeat
          ? [{ receiver: heartbeat, matchers: ['alertname="Watchdog"'], group_wait: '0s', group_interval: '30s', repeat_interval: '30s' }]
          : []),
        { receiver: nobody, matchers: ['alertname="DeployInProgress"'] },
        { receiver: 'team', matchers: ['severity="info"'], repeat_interval: '24h' },
        { receiver: 'team', matchers: ['severity="critical"'], repeat_interval: '1h' },
      ],
    },
    inhibit_rules: [
      // While a release settles, whoever deploys sees more than an alert could tell.
      inhibit(['alertname="DeployInProgress"'], ['alertname!~"DeployInProgress|Watchdog"'], ['app', 'stage']),
      // What is down is slow, empty and out of budget as well.
      inhibit(['alertname="ServiceDown"'], ['severity=~"warning|info"'], ['service']),
      inhibit(['alertname="ServiceDown"'], ['alertname=~".+ServiceDown"'], ['service']),
      inhibit(
        ['alertname="ErrorBudgetBurn"', 'severity="critical"'],
        ['alertname="ErrorBudgetBurn"', 'severity="warning"'],
        ['service', 'slo'],
      ),
      inhibit(['alertname="HostDiskFull"'], ['alertname="HostDiskFilling"'], ['instance']),
    ],
    receivers: [
      { name: nobody },
      { name: 'team', ...destinations(alerts) },
      ...(alerts.heartbeat ? [{ name: heartbeat, webhook_configs: [{ ...fromFile('url', alerts.heartbeat), send_resolved: false }] }] : []),
    ],
  }
  return { 'alertmanager.yml': stringify(settings, { lineWidth: 0 }) }
}

/** The arguments of the `alertmanager` program; none when the config leaves it out. */
export function alertmanagerArguments(config: Config): string[] {
  const { alertmanager } = config.monitoring
  if (!alertmanager) return []
  return [
    '--config.file=/etc/alertmanager/alertmanager.yml',
    '--storage.path=/alertmanager',
    `--web.listen-address=0.0.0.0:${alertmanager.port}`,
    // There is one of it: nothing to gossip with.
    '--cluster.listen-address=',
  ]
}

/** The secrets that Alertmanager reads, by name, each once. */
export function alertmanagerSecrets({ monitoring }: Config): string[] {
  if (!monitoring.alertmanager) return []
  const { slack, webhook, email, heartbeat } = monitoring.alerts
  const given = [webhook?.url, webhook?.token, slack?.url, email?.password, heartbeat]
  return [...new Set(given.flatMap((value) => (typeof value === 'object' ? [value.secret] : [])))]
}

function inhibit(source: string[], target: string[], equal: string[]): object {
  return { source_matchers: source, target_matchers: target, equal }
}

/** Secrets are read from files at the moment of sending, so that a changed one needs no new config. */
function destinations({ slack, webhook, email }: Alerts): object {
  return {
    ...(webhook && {
      webhook_configs: [
        {
          ...fromFile('url', webhook.url),
          send_resolved: true,
          ...(webhook.token && { http_config: { authorization: { credentials_file: fileOf(webhook.token) } } }),
        },
      ],
    }),
    ...(slack && {
      slack_configs: [
        {
          ...fromFile('api_url', slack.url),
          ...(slack.channel && { channel: slack.channel }),
          send_resolved: true,
          title: '{{ .Status | toUpper }}: {{ .CommonLabels.service }} ({{ .CommonLabels.app }} {{ .CommonLabels.stage }})',
          text: '{{ range .Alerts }}*{{ .Annotations.summary }}*\n{{ .Annotations.description }}\n{{ .Annotations.runbook_url }}\n{{ end }}',
        },
      ],
    }),
    ...(email && {
      email_configs: [
        {
          to: email.to.join(', '),
          from: email.from,
          smarthost: email.smarthost,
          send_resolved: true,
          ...(email.username && { auth_username: email.username }),
          ...(email.password && { auth_password_file: fileOf(email.password) }),
        },
      ],
    }),
  }
}

/** `url: …` for a value that may be shown, `url_file: …` for a secret. */
function fromFile(key: string, value: string | Secret): Record<string, string> {
  return typeof value === 'string' ? { [key]: value } : { [`${key}_file`]: fileOf(value) }
}

function fileOf({ secret }: Secret): string {
  return `${secrets}/${secret}`
}
