import type { Config } from '../../config/config.ts'
import { secondsOf } from '../../config/schema/durations.ts'
import { anyOf, quoted } from '../expression.ts'
import { serverJobs } from '../jobs.ts'
import { alert, type RuleGroup } from '../rule-file.ts'

/** The alerts of monitoring about itself, and the one that holds back others while a release settles. */
export function monitoringAlerts(config: Config): RuleGroup {
  const jobs = `job=~${quoted(anyOf(serverJobs(config).map(({ name }) => name)))}`
  const { alertmanager, alerts } = config.monitoring
  return {
    name: 'monitoring',
    rules: [
      // Alertmanager knows it by its name: it holds back all others and is told to nobody. Containers start, caches
      // fill, and whoever deploys is looking anyway.
      alert(
        config,
        'DeployInProgress',
        `time() - max by (release) (release:launched:timestamp_seconds) < ${secondsOf(alerts.settle)}`,
        '0s',
        {
          severity: 'info',
          summary: 'Release {{ $labels.release }} was launched',
          description: `Release {{ $labels.release }} was launched less than ${alerts.settle} ago. Until it has settled, other alerts are held back.`,
        },
      ),
      // What is dead raises no alert: so one is raised all the time, and who hears it minds when it stops.
      ...(alerts.heartbeat
        ? [
            alert(config, 'Watchdog', 'vector(1)', '0s', {
              severity: 'info',
              service: 'prometheus',
              summary: 'Alerts get through',
              description:
                'This alert always fires and goes to the heartbeat alone: it misses the alert when the machine or its monitoring is dead.',
            }),
          ]
        : []),
      alert(config, 'TargetDown', `up{${jobs}} == 0`, '2m', {
        severity: 'warning',
        service: '{{ $labels.job }}',
        summary: '{{ $labels.job }} is down',
        description: 'Prometheus has not been able to scrape {{ $labels.job }} for 2 minutes: what it measures or sends on is missing.',
      }),
      alert(config, 'RuleEvaluationFailing', 'increase(prometheus_rule_evaluation_failures_total[5m]) > 0', '5m', {
        severity: 'warning',
        service: 'prometheus',
        summary: 'Prometheus cannot evaluate a rule',
        description: 'The rules of the group {{ $labels.rule_group }} have failed for 5 minutes: alerts that rest on them are silent.',
      }),
      ...(alertmanager
        ? [
            alert(config, 'AlertsNotSent', 'increase(prometheus_notifications_errors_total[5m]) > 0', '5m', {
              severity: 'warning',
              service: 'alertmanager',
              summary: 'Prometheus cannot reach Alertmanager',
              description: 'Alerts that Prometheus sent to Alertmanager have been lost for 5 minutes.',
            }),
            alert(
              config,
              'AlertDeliveryFailing',
              'sum by (integration) (increase(alertmanager_notifications_failed_total[5m])) > 0',
              '5m',
              {
                severity: 'critical',
                service: 'alertmanager',
                summary: 'Alerts do not reach {{ $labels.integration }}',
                description:
                  'Alertmanager has failed to notify {{ $labels.integration }} for 5 minutes: look at Grafana and Alertmanager instead.',
              },
            ),
          ]
        : []),
    ],
  }
}
