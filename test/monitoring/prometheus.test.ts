import { execFile, spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import { prometheusArguments, prometheusFiles, prometheusTargets } from '../../monitoring/index.ts'
import { config } from './example.fixture.ts'

const run = promisify(execFile)
const hasPromtool = spawnSync('promtool', ['--version']).error === undefined

test('every service and Prometheus itself is a job whose targets come from a file of its own', () => {
  const settings = parse(prometheusFiles(config)['prometheus.yml']!)
  assert.equal(settings.scrape_configs, [
    { job_name: 'ml-inference', file_sd_configs: [{ files: ['targets/ml-inference.json'], refresh_interval: '5s' }] },
    { job_name: 'data-ingestion', file_sd_configs: [{ files: ['targets/data-ingestion.json'], refresh_interval: '5s' }] },
    { job_name: 'prometheus', file_sd_configs: [{ files: ['targets/prometheus.json'], refresh_interval: '5s' }] },
  ])
  assert.equal(settings.rule_files, ['rules/*.yml'])
  assert.equal(settings.global.external_labels, { app: 'mlops', stage: 'staging' })
})

test('the targets stand at the address of the machine, each on its own port', () => {
  assert.equal(prometheusTargets(config, '10.0.0.7'), {
    'targets/ml-inference.json': '[{"targets":["10.0.0.7:8001"],"labels":{"service":"ml-inference"}}]\n',
    'targets/data-ingestion.json': '[{"targets":["10.0.0.7:8002"],"labels":{"service":"data-ingestion"}}]\n',
    'targets/prometheus.json': '[{"targets":["10.0.0.7:9191"],"labels":{"service":"prometheus"}}]\n',
  })
})

test('every service has an alert for being down', () => {
  const { groups } = parse(prometheusFiles(config)['rules/services.yml']!)
  assert.equal(
    groups[0].rules.map((rule: { alert: string; labels: object; annotations: { summary: string } }) => [
      rule.alert,
      rule.labels,
      rule.annotations.summary,
    ]),
    [
      ['ServiceDown', { severity: 'critical', service: 'ml-inference' }, 'ml-inference is down'],
      ['ServiceDown', { severity: 'critical', service: 'data-ingestion' }, 'data-ingestion is down'],
    ],
  )
})

test('the program listens on the port of the config and keeps a bounded amount of data', () => {
  assert.equal(prometheusArguments(config), [
    '--config.file=/etc/prometheus/prometheus.yml',
    '--storage.tsdb.path=/prometheus',
    '--storage.tsdb.retention.time=15d',
    '--storage.tsdb.retention.size=2GB',
    '--web.listen-address=0.0.0.0:9191',
  ])
})

test('a config without Prometheus generates nothing for it', () => {
  const without = { ...config, monitoring: { ...config.monitoring, prometheus: undefined } }
  assert.equal(prometheusFiles(without), {})
  assert.equal(prometheusTargets(without, '10.0.0.7'), {})
  assert.equal(prometheusArguments(without), [])
})

if (hasPromtool) {
  test('promtool accepts the files and finds the rules', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'mlops-prometheus-'))
    try {
      for (const [path, text] of Object.entries({ ...prometheusFiles(config), ...prometheusTargets(config, '127.0.0.1') })) {
        await mkdir(dirname(join(folder, path)), { recursive: true })
        await writeFile(join(folder, path), text)
      }
      const { stdout } = await run('promtool', ['check', 'config', join(folder, 'prometheus.yml')])
      assert.match(stdout, /prometheus\.yml is valid prometheus config file syntax/)
      assert.match(stdout, /SUCCESS: 2 rules found/)

      await writeFile(join(folder, 'alerts.yml'), JSON.stringify(ruleTest(join(folder, 'rules/services.yml'))))
      await run('promtool', ['test', 'rules', join(folder, 'alerts.yml')])
    } finally {
      await rm(folder, { recursive: true })
    }
  })
} else {
  console.log('promtool is not on the PATH: the generated Prometheus files are checked as YAML only.')
}

/** One service answers, the other has never been scraped: only the second alert fires, and only after its time. */
function ruleTest(rules: string): object {
  const firing = {
    exp_labels: { severity: 'critical', service: 'data-ingestion', job: 'data-ingestion' },
    exp_annotations: {
      summary: 'data-ingestion is down',
      description: 'Prometheus has not been able to scrape data-ingestion on port 8002 for 30 seconds.',
    },
  }
  return {
    rule_files: [rules],
    evaluation_interval: '5s',
    tests: [
      {
        interval: '5s',
        input_series: [{ series: 'up{job="ml-inference"}', values: '1x20' }],
        alert_rule_test: [
          { eval_time: '20s', alertname: 'ServiceDown', exp_alerts: [] },
          { eval_time: '60s', alertname: 'ServiceDown', exp_alerts: [firing] },
        ],
      },
    ],
  }
}

test.run()
