import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { grafanaAddresses, grafanaEnvironment, grafanaFiles } from '../../monitoring/index.ts'
import { config } from './example.fixture.ts'

const folder = '/etc/grafana/provisioning'
const withoutGrafana = { ...config, monitoring: { ...config.monitoring, grafana: undefined } }
const withoutPrometheus = { ...config, monitoring: { ...config.monitoring, prometheus: undefined } }

test('the data source is Prometheus, wherever the environment says it is', () => {
  const { datasources } = parse(grafanaFiles(config)[`${folder}/datasources/prometheus.yml`]!)
  assert.is(datasources.length, 1)
  assert.is(datasources[0].type, 'prometheus')
  assert.is(datasources[0].url, '$PROMETHEUS_URL')
  assert.is(datasources[0].jsonData.timeInterval, '5s')
  assert.equal(grafanaAddresses(config), { PROMETHEUS_URL: 9191 })
})

test('the dashboards are read from the provisioning folder and cannot be changed in the browser', () => {
  const { providers } = parse(grafanaFiles(config)[`${folder}/dashboards/dashboards.yml`]!)
  assert.equal(providers, [{ name: 'mlops', type: 'file', allowUiUpdates: false, options: { path: '$GF_PATHS_PROVISIONING/dashboards' } }])
})

test('the same config gives the same dashboard', () => {
  assert.equal(grafanaFiles(config), grafanaFiles(config))
})

test('nobody gets into Grafana without the password, which stands in a file', () => {
  const environment = grafanaEnvironment(config)
  assert.is(environment.GF_SERVER_HTTP_PORT, '3131')
  assert.is(environment.GF_AUTH_ANONYMOUS_ENABLED, 'false')
  assert.is(environment.GF_USERS_ALLOW_SIGN_UP, 'false')
  // On a read-only root, an update of the bundled Prometheus plugin would leave every panel dead.
  assert.is(environment.GF_PLUGINS_PREINSTALL_AUTO_UPDATE, 'false')
  assert.is(environment.GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES, 'false')
  assert.is(environment.GF_SECURITY_ADMIN_PASSWORD, '$__file{/run/secrets/grafana-admin-password}')
  assert.is(environment.PROMETHEUS_URL, 'http://prometheus:9191')
})

test('without Prometheus, Grafana starts with nothing to draw', () => {
  assert.equal(grafanaFiles(withoutPrometheus), {})
  assert.equal(grafanaAddresses(withoutPrometheus), {})
  const environment = grafanaEnvironment(withoutPrometheus)
  assert.is(environment.GF_SERVER_HTTP_PORT, '3131')
  assert.is(environment.PROMETHEUS_URL, undefined)
})

test('a config without Grafana generates nothing for it', () => {
  assert.equal(grafanaFiles(withoutGrafana), {})
  assert.equal(grafanaEnvironment(withoutGrafana), {})
})

test.run()
