import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import type { Service } from '../../config/config.ts'
import {
  jobs,
  type Launched,
  prometheusArguments,
  prometheusFiles,
  prometheusRelease,
  prometheusSecrets,
  prometheusTargets,
  writeFiles,
} from '../../monitoring/index.ts'
import { has, inFolder, output } from '../support/promtool.ts'
import { config, service } from './example.fixture.ts'

const scraped = ['ml-inference', 'data-ingestion', 'prometheus', 'alertmanager', 'node-exporter']
const settings = (from = config) => parse(prometheusFiles(from)['prometheus.yml']!)
const launched: Launched = {
  release: 7,
  at: 1_700_000_000_500,
  by: 'ada "the" deployer',
  commit: 'abc123',
  images: { 'ml-inference': `sha256:${'1'.repeat(64)}`, 'data-ingestion': `sha256:${'2'.repeat(64)}` },
}

const authorization = { type: 'Bearer', credentials_file: '../../run/secrets/service-token' }

test('every service and every monitoring server is a job whose targets come from a file of its own', () => {
  const { scrape_configs, rule_files, global } = settings()
  assert.equal(
    scrape_configs,
    scraped.map((name) => ({
      job_name: name,
      file_sd_configs: [{ files: [`targets/${name}.json`], refresh_interval: '5s' }],
    })),
  )
  assert.equal(rule_files, ['rules/services.yml', 'rules/objectives.yml', 'rules/host.yml', 'rules/monitoring.yml', 'targets/*.yml'])
  assert.equal(global.external_labels, { app: 'mlops', stage: 'staging' })
})

test('alerts are sent to the Alertmanager that is scraped, where there is one', () => {
  assert.equal(settings().alerting.alertmanagers[0].file_sd_configs[0].files, ['targets/alertmanager.json'])
  const without = { ...config, monitoring: { ...config.monitoring, alertmanager: undefined, nodeExporter: undefined } }
  assert.is(settings(without).alerting, undefined)
  assert.equal(
    settings(without).scrape_configs.map(({ job_name }: { job_name: string }) => job_name),
    scraped.slice(0, 3),
  )
  assert.equal(Object.keys(prometheusFiles(without)), [
    'prometheus.yml',
    'rules/services.yml',
    'rules/objectives.yml',
    'rules/monitoring.yml',
  ])
})

test('a service that demands no token is not shown it, and one that does is', () => {
  const [inference, ingestion] = config.services as [Service, Service]
  const closed = { ...inference, expose: 'nobody' as const }
  const asked = (...services: Service[]) => settings({ ...config, services }).scrape_configs.slice(0, services.length)
  assert.equal(
    asked(closed, ingestion).map((job: { authorization?: unknown }) => job.authorization),
    [undefined, undefined],
  )
  assert.equal(prometheusSecrets({ ...config, services: [closed] }), [])
  assert.equal(asked({ ...closed, auth: 'token' })[0].authorization, authorization)
  assert.equal(prometheusSecrets({ ...config, services: [{ ...closed, auth: 'token' }] }), ['service-token'])
})

test('the scrape interval of the config is that of the rules, too, and leaves the timeout room', () => {
  const of = (scrapeInterval: string) => settings({ ...config, monitoring: { ...config.monitoring, scrapeInterval } }).global
  const { scrape_interval, scrape_timeout, evaluation_interval } = of('15s')
  assert.equal([scrape_interval, scrape_timeout, evaluation_interval], ['15s', '10s', '15s'])
  assert.is(of('500ms').scrape_timeout, '400ms')
})

test('the targets stand at the address of the machine, each on its own port', () => {
  const targets = prometheusTargets(jobs(config), '10.0.0.7')
  assert.equal(
    Object.keys(targets),
    scraped.map((name) => `targets/${name}.json`),
  )
  assert.is(targets['targets/ml-inference.json'], '[{"targets":["10.0.0.7:8001"],"labels":{"service":"ml-inference"}}]\n')
  assert.is(targets['targets/node-exporter.json'], '[{"targets":["10.0.0.7:9292"],"labels":{"service":"node-exporter"}}]\n')
})

test('a server that was left out is no target', () => {
  const present = jobs(config).filter(({ name }) => name !== 'alertmanager')
  const targets = prometheusTargets(present, '10.0.0.7')
  assert.not.ok('targets/alertmanager.json' in targets)
  assert.is(Object.keys(targets).length, 4)
})

test('a launch says which release runs, since when, by whom and with which images', () => {
  const [rule] = parse(prometheusRelease(launched)['targets/release.yml']!).groups[0].rules
  assert.equal(rule, {
    record: 'release:launched:timestamp_seconds',
    expr: 'vector(1700000000)',
    labels: { release: '7', by: 'ada "the" deployer', commit: 'abc123', digests: 'ml-inference@111111111111 data-ingestion@222222222222' },
  })
})

test('the program listens on the port of the config and keeps a bounded amount of data', () => {
  assert.equal(prometheusArguments(config), [
    '--config.file=/etc/prometheus/prometheus.yml',
    '--storage.tsdb.path=/prometheus',
    '--storage.tsdb.retention.time=30d',
    '--storage.tsdb.retention.size=2GB',
    '--web.listen-address=0.0.0.0:9191',
  ])
})

test('a config without Prometheus generates nothing for it', () => {
  const without = { ...config, monitoring: { ...config.monitoring, prometheus: undefined } }
  assert.equal(prometheusFiles(without), {})
  assert.equal(jobs(without), [])
  assert.equal(prometheusArguments(without), [])
})

test('the files for 200 services are generated in under 2 s', () => {
  const services = Array.from({ length: 200 }, (_, index) => service(`service-${index}`, 10_000 + index, 'predictions', 'ingestion'))
  const started = performance.now()
  const files = prometheusFiles({ ...config, services })
  prometheusTargets(jobs({ ...config, services }), '10.0.0.7')
  const seconds = (performance.now() - started) / 1000
  assert.ok(seconds < 2, `it took ${seconds} s`)
  assert.match(files['rules/services.yml']!, 'Service199ServiceDown')
})

if (has('promtool')) {
  test('promtool accepts the files and finds the rules, none of them twice', async () => {
    await inFolder(async (root) => {
      const folder = join(root, 'etc/prometheus')
      writeFiles(root, { 'run/secrets/service-token': 'a-token-of-this-test' })
      writeFiles(folder, { ...prometheusFiles(config), ...prometheusTargets(jobs(config), '127.0.0.1'), ...prometheusRelease(launched) })
      const said = await output('promtool', ['check', 'config', join(folder, 'prometheus.yml')])
      assert.match(said, /prometheus\.yml is valid prometheus config file syntax/)
      assert.match(said, 'SUCCESS: 1 rules found')
      const files = ['rules/services.yml', 'rules/objectives.yml', 'rules/host.yml', 'rules/monitoring.yml', 'targets/release.yml']
      await output('promtool', ['check', 'rules', '--lint=all', '--lint-fatal', ...files.map((file) => join(folder, file))])
    })
  })
} else {
  console.log('promtool is not on the PATH: the generated Prometheus files are checked as YAML only.')
}

test.run()
