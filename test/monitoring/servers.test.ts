import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { jobs, monitoringLaunchFiles, monitoringServers, nodeExporterArguments } from '../../monitoring/index.ts'
import { config } from './example.fixture.ts'

const named = (name: string, of = config) => monitoringServers(of).find((server) => server.name === name)

test('each server of the config is listed with where it answers', () => {
  assert.equal(
    monitoringServers(config).map(({ name, port, health }) => [name, port, health]),
    [
      ['prometheus', 9191, '/-/ready'],
      ['alertmanager', 9193, '/-/ready'],
      ['node-exporter', 9292, '/'],
      ['grafana', 3131, '/api/health'],
    ],
  )
})

test('what the config leaves out is not listed', () => {
  const { monitoring } = config
  const none = { ...monitoring, prometheus: undefined, grafana: undefined, alertmanager: undefined, nodeExporter: undefined }
  assert.equal(monitoringServers({ ...config, monitoring: none }), [])
  assert.equal(nodeExporterArguments({ ...config, monitoring: none }), [])
})

test('the files of an image stand where its program looks for them', () => {
  assert.ok('/etc/prometheus/prometheus.yml' in named('prometheus')!.files())
  assert.equal(Object.keys(named('alertmanager')!.files()), ['/etc/alertmanager/alertmanager.yml'])
  assert.equal(named('node-exporter')!.files(), {})
  assert.ok('/etc/grafana/provisioning/dashboards/overview.json' in named('grafana')!.files())
})

test('what keeps data has a volume that it may write to, and nothing else has one', () => {
  assert.equal(
    monitoringServers(config).map(({ volume }) => volume),
    ['/prometheus', '/alertmanager', undefined, '/var/lib/grafana'],
  )
  assert.equal(named('prometheus')!.directories[0], { path: '/prometheus', uid: 65534, gid: 65534 })
})

test('the node exporter sees the machine, read-only, and is for Prometheus alone', () => {
  const open = { ...config, monitoring: { ...config.monitoring, expose: 'public' as const } }
  const exporter = named('node-exporter', open)!
  assert.equal([exporter.hostNetwork, exporter.hostFolders, exporter.expose], [true, { '/': '/host' }, 'nobody'])
  assert.ok(exporter.command!.includes('--path.rootfs=/host'))
  assert.is(named('prometheus', open)!.expose, 'public')
})

test('secrets are named where they are needed and nowhere else', () => {
  const webhook = { url: { secret: 'HOOK' }, token: undefined }
  const alerts = { ...config.monitoring.alerts, webhook }
  const servers = monitoringServers({ ...config, monitoring: { ...config.monitoring, alerts } })
  assert.equal(
    servers.map(({ secrets }) => secrets),
    [[], ['HOOK'], [], ['grafana-admin-password']],
  )
})

test("Grafana on the machine's own program is told where it lives, and the official image knows", () => {
  assert.equal(
    [named('grafana')!.command, named('grafana')!.folders],
    [['server', '--homepath=/usr/share/grafana'], ['/usr/share/grafana']],
  )
  const official = { ...config.monitoring, grafana: { port: 3000, base: 'docker.io/grafana/grafana:13.2.3', memoryMiB: 256 } }
  const server = named('grafana', { ...config, monitoring: official })!
  assert.equal([server.command, server.folders, server.user], [undefined, [], '472:0'])
  assert.equal(server.addresses, { PROMETHEUS_URL: 9191 })
})

test('a launch writes the targets that run and the release, below one folder that Prometheus reads', () => {
  const launched = { release: 7, at: 0, by: 'ada', commit: undefined, images: {} }
  const files = monitoringLaunchFiles(
    jobs(config).filter(({ name }) => name !== 'node-exporter'),
    '10.0.0.7',
    launched,
  )
  assert.equal(Object.keys(files), [
    'prometheus/targets/ml-inference.json',
    'prometheus/targets/data-ingestion.json',
    'prometheus/targets/prometheus.json',
    'prometheus/targets/alertmanager.json',
    'prometheus/targets/release.yml',
  ])
  assert.equal(named('prometheus')!.reads, { 'prometheus/targets': '/etc/prometheus/targets' })
  assert.equal(monitoringLaunchFiles([], '10.0.0.7', launched), {})
})

test.run()
