import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Config } from '../../config/config.ts'
import { overview } from '../../monitoring/dashboard.ts'
import { metricsIn, syntaxProblem, withoutVariables } from '../../monitoring/expression.ts'
import { grafanaFiles } from '../../monitoring/index.ts'
import { loadConfig } from '../../src/load-config.ts'
import { panelsOf, type ReadDashboard } from '../support/dashboard.ts'
import { config, service } from './example.fixture.ts'

const own = await loadConfig({ stage: 'local' })
const dashboard = (of: Config): ReadDashboard => JSON.parse(JSON.stringify(overview(of)))
const titles = (of: Config) => panelsOf(dashboard(of)).map(({ title }) => title)

test('every panel of the tutorial is there', () => {
  for (const title of [
    'Service Health Status',
    'Data Ingestion Rate',
    'Data Ingestion Latency',
    'Data Size Distribution',
    'Total Data Ingestions',
    'Average Response Time',
    'Services Online',
  ])
    assert.ok(titles(own).includes(title), title)
})

test('the rows are objectives first, then requests, saturation, what the services measure, and the machine', () => {
  const rows = dashboard(own).panels.filter(({ type }) => type === 'row')
  assert.equal(
    rows.map(({ title }) => title),
    ['Objectives', 'Requests', 'Saturation', 'Data ingestion', 'Model', 'Machine'],
  )
  assert.is(panelsOf(dashboard(own))[0]!.title, 'Error budget left')
})

test('every panel has a title of its own, a description, a unit, a legend, and queries that parse', () => {
  assert.is(new Set(titles(own)).size, titles(own).length)
  for (const { title, description, fieldConfig, datasource, targets } of panelsOf(dashboard(own))) {
    assert.ok(title, 'a panel without a title')
    assert.match(description, /\.$/, title)
    assert.ok(fieldConfig.defaults.unit, title)
    assert.equal(datasource, { type: 'prometheus', uid: '$datasource' }, title)
    assert.ok(targets.length > 0, title)
    assert.is(new Set(targets.map(({ refId }) => refId)).size, targets.length, title)
    for (const target of targets) {
      assert.equal(syntaxProblem(withoutVariables(target.expr)), undefined, target.expr)
      assert.ok(target.legendFormat, title)
      assert.equal(target.datasource, { type: 'prometheus', uid: '$datasource' }, title)
    }
  }
})

test('panels stand on a grid of 24 columns without overlapping', () => {
  const taken = new Set<string>()
  for (const { title, gridPos } of dashboard(own).panels) {
    const { x, y, w, h } = gridPos
    assert.ok(x + w <= 24, title)
    for (let column = x; column < x + w; column++)
      for (let line = y; line < y + h; line++) {
        assert.not.ok(taken.has(`${column} ${line}`), `${title} lies on another panel`)
        taken.add(`${column} ${line}`)
      }
  }
})

test('the data source, the services and the instances can be chosen, and the uid is always the same', () => {
  const { uid, templating, editable } = dashboard(config)
  assert.is(uid, 'overview')
  assert.is(editable, false)
  assert.equal(
    templating.list.map(({ name, type, query }) => [name, type, query]),
    [
      ['datasource', 'datasource', 'prometheus'],
      ['job', 'query', 'label_values(up{job=~"ml-inference|data-ingestion"}, job)'],
      ['instance', 'query', 'label_values(up{job=~"$job"}, instance)'],
    ],
  )
})

test('a deploy is a line at the time it was launched, with what was deployed and by whom', () => {
  const [deploys] = dashboard(own).annotations.list
  assert.is(deploys!.useValueForTime, true)
  assert.equal(metricsIn(deploys!.expr), ['release:launched:timestamp_seconds'])
  assert.is(deploys!.titleFormat, 'Release {{release}}')
  for (const label of ['by', 'commit', 'digests']) assert.match(deploys!.textFormat, `{{${label}}}`)
})

test('requests for health and metrics are not counted as requests of users', () => {
  const services = config.services.map((each) => ({ ...each, health: '/v1/is.ready' }))
  const [requests] = panelsOf(dashboard({ ...config, services })).filter(({ title }) => title === 'Requests')
  assert.match(requests!.targets[0]!.expr, String.raw`route!~"/metrics|/health|/ready|/v2/health/live|/v2/health/ready|/v1/is\\.ready"`)
})

test('a service that is added is drawn, and what nobody measures any more is not', () => {
  const added = JSON.stringify(overview({ ...config, services: [...config.services, service('fraud-scores', 8003)] }))
  assert.match(added, 'ml-inference|data-ingestion|fraud-scores')
  const removed = { ...config, services: config.services.slice(0, 1) }
  assert.not.match(JSON.stringify(overview(removed)), /data[-_]ingestion/)
  assert.ok(titles(removed).includes('Predictions'))
  assert.not.ok(titles(removed).includes('Data Ingestion Rate'))
})

test('without objectives there are no budgets, and without a node exporter there is no machine', () => {
  const services = config.services.map((each) => ({ ...each, slo: undefined }))
  const bare = titles({ ...config, services, monitoring: { ...config.monitoring, nodeExporter: undefined } })
  for (const title of ['Error budget left', 'Error budget burn', 'Disk']) assert.not.ok(bare.includes(title), title)
})

test('the dashboard for 200 services is generated in under 2 s', () => {
  const services = Array.from({ length: 200 }, (_, index) => service(`service-${index}`, 10_000 + index, 'predictions', 'ingestion'))
  const started = performance.now()
  grafanaFiles({ ...config, services })
  const seconds = (performance.now() - started) / 1000
  assert.ok(seconds < 2, `it took ${seconds} s`)
})

test.run()
