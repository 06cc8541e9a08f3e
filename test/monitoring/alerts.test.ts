import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { pascal } from '../../monitoring/alerts/services.ts'
import { prometheusFiles, writeFiles } from '../../monitoring/index.ts'
import type { Alert } from '../../monitoring/rule-file.ts'
import { ruleFiles } from '../../monitoring/rules.ts'
import { loadConfig } from '../../src/load-config.ts'
import { alertsIn, has, inFolder, output } from '../support/promtool.ts'
import { caseOf, requests, type Scenario } from './alert-cases.fixture.ts'
import { config as example, service } from './example.fixture.ts'

const config = await loadConfig({ stage: 'local' })
const alerts = alertsIn(ruleFiles(config))
const names = (list: readonly Alert[]) => [...new Set(list.map(({ alert }) => alert))]

test('every alert of the tutorial is there', () => {
  const tutorial = [
    'ServiceDown',
    'HighResponseTime',
    'LowIngestionRate',
    'LargeDataSize',
    'MLInferenceServiceDown',
    'DataIngestionServiceDown',
  ]
  for (const name of tutorial) assert.ok(names(alerts).includes(name), name)
})

test('every alert says what it is about, what that means, and what to do', async () => {
  const runbooks = await readFile('docs/alerts.md', 'utf8')
  const anchors = [...runbooks.matchAll(/^## (.+)$/gm)].map(([, heading]) => `docs/alerts.md#${heading!.toLowerCase()}`)
  for (const { alert, labels, annotations } of alerts) {
    assert.match(labels.severity!, /^(critical|warning|info)$/, alert)
    assert.match(annotations.summary, /[^.]$/, alert)
    assert.match(annotations.description, /\.$/, alert)
    assert.ok(anchors.includes(annotations.runbook_url), `${alert} has no runbook at ${annotations.runbook_url}`)
  }
  assert.is(new Set(anchors).size, anchors.length, 'two runbooks of one name')
})

test('every runbook is one of an alert that some config generates', async () => {
  const runbooks = await readFile('docs/alerts.md', 'utf8')
  const watched = { ...example.monitoring.alerts, heartbeat: 'https://hc.example.com/x' }
  const all = ruleFiles({ ...example, monitoring: { ...example.monitoring, alerts: watched } })
  const used = alertsIn(all).map(({ annotations }) => annotations.runbook_url.split('#')[1])
  for (const [, heading] of runbooks.matchAll(/^## (.+)$/gm)) assert.ok(used.includes(heading!.toLowerCase()), heading)
})

test('a service that is added to the config has its alerts, and one that is removed has none', () => {
  const added = alertsIn(ruleFiles({ ...example, services: [...example.services, service('fraud-scores', 8003)] }))
  const own = added.filter(({ labels }) => labels.service === 'fraud-scores')
  assert.equal(names(own), ['ServiceDown', 'FraudScoresServiceDown', 'ServiceMemoryHigh'])
  for (const name of ['HighResponseTime', 'EventLoopSlow', 'ServiceRestarting'])
    assert.match(added.find(({ alert }) => alert === name)!.expr, 'job=~"ml-inference|data-ingestion|fraud-scores"')
  const removed = JSON.stringify(ruleFiles({ ...example, services: example.services.slice(0, 1) }))
  assert.not.match(removed, 'data-ingestion')
  assert.not.match(removed, 'data_ingestion')
})

test('a service without objectives has no error budget, and no service with any means no such alerts', () => {
  const [first, second] = example.services
  const some = ruleFiles({ ...example, services: [first!, { ...second!, slo: undefined }] }).objectives
  assert.not.match(JSON.stringify(some), 'data-ingestion')
  assert.is(ruleFiles({ ...example, services: [{ ...first!, slo: undefined }] }).objectives, undefined)
})

test('services with different latency objectives are counted by different buckets, in both spellings of whole numbers', () => {
  const [first, second] = example.services
  const slow = { ...second!, slo: { availability: 0.9, latency: { p: 0.9, seconds: 1 } } }
  const text = JSON.stringify(ruleFiles({ ...example, services: [first!, slow] }).objectives)
  assert.match(text, String.raw`job=~\"ml-inference\", route!~`)
  assert.match(text, String.raw`le=~\"0\\\\.25\"`)
  assert.match(text, String.raw`le=~\"1(\\\\.0)?\"`)
})

test('names of services are written as names of alerts are', () => {
  assert.equal(['ml-inference', 'data-ingestion', 'api', 'v2-scorer'].map(pascal), ['MLInference', 'DataIngestion', 'API', 'V2Scorer'])
})

test('every alert has a case that fires and one that stays silent', () => {
  assert.equal(
    alerts.filter((alert) => !caseOf(alert, config)).map(({ alert }) => alert),
    [],
  )
})

/** The firing alerts that are meant, whatever else fires beside them. */
function firing({ alert, labels }: Alert): string {
  const own = ['service', 'window'].filter((name) => labels[name] && !labels[name].startsWith('{{'))
  const matchers = own.map((name) => `, ${name}="${labels[name]}"`).join('')
  return `count(ALERTS{alertname="${alert}", alertstate="firing"${matchers}})`
}

/** promtool's test of one alert in one scenario. */
function ruleTest(alert: Alert, { series, at }: Scenario, fires: boolean, interval: string): object {
  return {
    name: `${alert.alert} ${fires ? 'fires' : 'stays silent'}`,
    interval,
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [{ expr: firing(alert), eval_time: at, exp_samples: fires ? [{ labels: '{}', value: 1 }] : [] }],
  }
}

async function promtool(tests: readonly object[], interval: string, rules: readonly string[], of = config): Promise<void> {
  await inFolder(async (folder) => {
    writeFiles(folder, prometheusFiles(of))
    const file = join(folder, 'test.yml')
    const rule_files = rules.map((name) => join(folder, `rules/${name}.yml`))
    await writeFile(file, JSON.stringify({ rule_files, evaluation_interval: interval, tests }))
    assert.match(await output('promtool', ['test', 'rules', file]), 'SUCCESS')
  })
}

const both = (list: readonly Alert[], interval: string) =>
  list.flatMap((alert) => {
    const { firing, silent } = caseOf(alert, config)!
    return [ruleTest(alert, firing, true, interval), ruleTest(alert, silent, false, interval)]
  })

const budgets = alerts.filter(({ alert }) => alert === 'ErrorBudgetBurn')

if (has('promtool')) {
  test('promtool sees every alert fire when it should, and stay silent just before', async () => {
    for (const [name, file] of Object.entries(ruleFiles(config)).filter(([name]) => name !== 'objectives'))
      await promtool(both(alertsIn({ [name]: file }), '15s'), '15s', [name])
  })

  test('with a heartbeat there is an alert that fires whatever is measured, and without one there is none', async () => {
    assert.not.ok(names(alerts).includes('Watchdog'))
    const watched = { ...config.monitoring.alerts, heartbeat: 'https://hc.example.com/x' }
    const of = { ...config, monitoring: { ...config.monitoring, alerts: watched } }
    const watchdog = alertsIn(ruleFiles(of)).find(({ alert }) => alert === 'Watchdog')!
    await promtool([ruleTest(watchdog, { series: {}, at: '15s' }, true, '15s')], '15s', ['monitoring'], of)
  })

  test('promtool sees error budgets burn in each of the four windows, and stay silent just below the rate', async () => {
    assert.is(budgets.length, 4)
    await promtool(both(budgets, '1m'), '1m', ['objectives'])
  })

  test('no traffic, and a handful of failures in little traffic, burn nothing that somebody is woken for', async () => {
    const job = config.services[0]!.name
    const [fast] = budgets
    const quiet = (series: Record<string, string>, fires: boolean) => ruleTest(fast!, { series, at: '45m' }, fires, '1m')
    const all = { [`http_request_duration_seconds_count{job="${job}", method="POST", route="/x", code="200"}`]: '5x60' }
    await promtool(
      [
        quiet({}, false),
        quiet(all, false),
        // Nine and twelve of ten and thirteen requests in 45 minutes.
        quiet(requests(job, 10 / 45, 9 / 45), false),
        quiet(requests(job, 13 / 45, 12 / 45), true),
        // Health checks that fail are no user's requests.
        quiet(
          Object.fromEntries(Object.entries(requests(job, 1000, 900)).map(([name, values]) => [name.replace('/x', '/health'), values])),
          false,
        ),
      ],
      '1m',
      ['objectives'],
    )
  })

  test('an alert tells a person what is wrong, in words and numbers', async () => {
    const [series] = Object.entries({ 'node_memory_MemAvailable_bytes{instance="10.0.0.7:9100"}': '50x100' })
    const tests = [
      {
        interval: '5s',
        input_series: [
          { series: series![0], values: series![1] },
          { series: 'node_memory_MemTotal_bytes{instance="10.0.0.7:9100"}', values: '1000x100' },
        ],
        alert_rule_test: [
          {
            eval_time: '5m30s',
            alertname: 'HostMemoryLow',
            exp_alerts: [
              {
                exp_labels: { severity: 'warning', instance: '10.0.0.7:9100' },
                exp_annotations: {
                  summary: 'The machine is about to run out of memory',
                  description: 'Only 5% of the memory of 10.0.0.7:9100 has been available for 5 minutes.',
                  runbook_url: 'docs/alerts.md#hostmemorylow',
                },
              },
            ],
          },
        ],
      },
    ]
    await promtool(tests, '5s', ['host'])
  })
} else {
  console.log('promtool is not on the PATH: alerts are checked for their texts and cases only.')
}

test.run()
