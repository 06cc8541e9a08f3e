import { createRequire } from 'node:module'
import { stringify } from 'yaml'
import type { Config } from '../config/config.ts'
import { customDashboards } from './custom.ts'
import type * as dashboard from './dashboard.ts'

const require = createRequire(import.meta.url)

const provisioning = '/etc/grafana/provisioning'
/** The secret that the first deploy makes up. */
export const adminPassword = 'grafana-admin-password'

const overviewFile = `${provisioning}/dashboards/overview.json`

/**
 * The files of Grafana's image: its data source and its dashboards, the project's own among them. Without Prometheus
 * there is nothing to draw, so there are none.
 *
 * @returns absolute path → text; empty when the config leaves Grafana out
 * @throws Failure for a file in the project's `monitoring/dashboards/` that Grafana would skip
 */
export function grafanaFiles(config: Config): Record<string, string> {
  const { grafana, prometheus, scrapeInterval } = config.monitoring
  if (!grafana || !prometheus) return {}
  // Loaded here because the dashboard library takes 100 ms, which only a run that builds images should pay.
  const { overview, overviewUid } = require('./dashboard.ts') as typeof dashboard
  const source = { name: 'Prometheus', uid: 'prometheus', type: 'prometheus', access: 'proxy', isDefault: true, editable: false }
  // Grafana fills in environment variables when it reads these files; where Prometheus is, is known on the machine
  // only.
  const dataSources = { apiVersion: 1, datasources: [{ ...source, url: '$PROMETHEUS_URL', jsonData: { timeInterval: scrapeInterval } }] }
  const options = { path: '$GF_PATHS_PROVISIONING/dashboards' }
  const dashboards = { apiVersion: 1, providers: [{ name: config.app, type: 'file', allowUiUpdates: false, options }] }
  const custom = Object.entries(customDashboards(config, [overviewUid]))
  return {
    [`${provisioning}/datasources/prometheus.yml`]: stringify(dataSources),
    [`${provisioning}/dashboards/dashboards.yml`]: stringify(dashboards),
    [overviewFile]: `${JSON.stringify(overview(config), undefined, 2)}\n`,
    ...Object.fromEntries(custom.map(([name, text]) => [`${provisioning}/dashboards/custom-${name}`, text])),
  }
}

/**
 * The environment of Grafana's image: nobody gets in without the password, which stands in a file. Empty when the
 * config leaves Grafana out.
 */
export function grafanaEnvironment(config: Config): Record<string, string> {
  const { grafana, prometheus } = config.monitoring
  if (!grafana) return {}
  return {
    GF_SERVER_HTTP_ADDR: '0.0.0.0',
    GF_SERVER_HTTP_PORT: String(grafana.port),
    GF_PATHS_PROVISIONING: provisioning,
    GF_PATHS_DATA: '/var/lib/grafana',
    GF_LOG_MODE: 'console',
    GF_AUTH_ANONYMOUS_ENABLED: 'false',
    GF_USERS_ALLOW_SIGN_UP: 'false',
    // Grafana itself reads the file. A variable ending in __FILE is known to the entrypoint of the official image only.
    GF_SECURITY_ADMIN_PASSWORD: `$__file{/run/secrets/${adminPassword}}`,
    GF_ANALYTICS_REPORTING_ENABLED: 'false',
    GF_ANALYTICS_CHECK_FOR_UPDATES: 'false',
    GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false',
    // The Prometheus plugin comes with Grafana and updates itself at its start. On a read-only root that fails after
    // the plugin was unloaded: every panel is dead, and /api/health still says 200 (grafana/grafana#132528).
    GF_PLUGINS_PREINSTALL_AUTO_UPDATE: 'false',
    ...(prometheus && {
      GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: overviewFile,
      PROMETHEUS_URL: `http://prometheus:${prometheus.port}`,
    }),
  }
}

/** The variables that tell Grafana where another container of its machine is: variable → port. */
export function grafanaAddresses(config: Config): Record<string, number> {
  const { prometheus } = config.monitoring
  return prometheus ? { PROMETHEUS_URL: prometheus.port } : {}
}
