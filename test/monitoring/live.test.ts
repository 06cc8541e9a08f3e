import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Config } from '../../config/config.ts'
import { overview } from '../../monitoring/dashboard.ts'
import { metricsIn, withoutVariables } from '../../monitoring/expression.ts'
import {
  alertmanagerArguments,
  alertmanagerFiles,
  jobs,
  monitoringServers,
  nodeExporterArguments,
  prometheusArguments,
  prometheusFiles,
  prometheusRelease,
  prometheusTargets,
  writeFiles,
} from '../../monitoring/index.ts'
import { ruleFiles } from '../../monitoring/rules.ts'
import { startChild, stopChild } from '../../services/kit/child.fixture.ts'
import { loadConfig } from '../../src/load-config.ts'
import { panelsOf, type ReadDashboard } from '../support/dashboard.ts'
import { groupsIn, has, inFolder } from '../support/promtool.ts'
import { exported, traffic } from '../support/traffic.ts'
import { type Notification, startWebhook } from '../support/webhook.ts'
import { freePorts, type Running, start, until } from './server.fixture.ts'

/**
 * The config of this repository, with everything on free ports and all of it running: real services, a real Prometheus,
 * and Alertmanager and the node exporter where they are installed.
 */
const stage = await loadConfig({ stage: 'local' })
const programs = new Map(monitoringServers(stage).map(({ name, programs }) => [name, programs.find(has)]))
const prometheus = programs.get('prometheus')
for (const name of ['prometheus', 'alertmanager', 'node-exporter'] as const)
  if (!programs.get(name)) console.log(`${name} is not on the PATH: what needs it is not tested against the real one.`)

const dashboard: ReadDashboard = JSON.parse(JSON.stringify(overview(stage)))
const panels = panelsOf(dashboard)

/** Series that nobody exports because Prometheus makes them itself. */
const recorded = groupsIn(ruleFiles(stage)).flatMap(({ rules }) => rules.flatMap((rule) => ('record' in rule ? [rule.record] : [])))
const made = [...recorded, 'up', 'ALERTS', 'release:launched:timestamp_seconds']

interface Sample {
  readonly metric: Record<string, string>
  readonly value: [number, string]
}

if (prometheus) {
  test('all targets are up, every rule and every panel has data, every metric is exported, and an alert arrives', async () => {
    const running: Running[] = []
    const webhook = await startWebhook()
    const children: Awaited<ReturnType<typeof startChild>>[] = []
    await inFolder(async (root) => {
      try {
        const addresses = new Map<string, string>()
        const token = 'a-token-of-this-test-0123456789'
        writeFiles(root, { 'run/secrets/service-token': token })
        const guarded = { SERVICE_AUTH: 'metrics', SERVICE_TOKEN_FILE: join(root, 'run/secrets/service-token') }
        for (const { name, source } of stage.services) {
          if (!('entry' in source)) continue
          const child = await startChild(source.entry, { SERVICE_NAME: name, DATA_DIR: join(root, name), ...guarded })
          children.push(child)
          assert.ok(child.address, child.output())
          addresses.set(name, child.address!)
        }
        const [own, alertmanagerPort, nodePort] = await freePorts(3)
        const server = (port: number) => ({ port, base: 'host', memoryMiB: 64 })
        mkdirSync(join(root, 'project/monitoring/rules'), { recursive: true })
        // Prometheus repeats an alert that it could not send only after a minute: this one waits for Alertmanager to be
        // known.
        const expr = programs.get('alertmanager') ? 'prometheus_notifications_alertmanagers_discovered > 0' : 'vector(1)'
        const team = { alert: 'TeamAlert', expr, labels: { severity: 'critical', service: 'team' } }
        writeFileSync(join(root, 'project/monitoring/rules/team.yml'), JSON.stringify({ groups: [{ name: 'team', rules: [team] }] }))
        const config: Config = {
          ...stage,
          folder: join(root, 'project'),
          services: stage.services.map((service, index) => ({ ...service, port: children[index]!.port })),
          monitoring: {
            ...stage.monitoring,
            prometheus: server(own!),
            alertmanager: programs.get('alertmanager') ? server(alertmanagerPort!) : undefined,
            nodeExporter: programs.get('node-exporter') ? server(nodePort!) : undefined,
            scrapeInterval: '500ms',
            alerts: { ...stage.monitoring.alerts, webhook: { url: webhook.url, token: undefined } },
          },
        }
        const launched = {
          release: 7,
          at: Date.now() - 600_000,
          by: 'ada',
          commit: 'abc',
          images: { 'ml-inference': `sha256:${'1'.repeat(64)}` },
        }
        writeFiles(join(root, 'etc/prometheus'), {
          ...prometheusFiles(config),
          ...prometheusTargets(jobs(config), '127.0.0.1'),
          ...prometheusRelease(launched),
        })
        writeFiles(join(root, 'etc/alertmanager'), alertmanagerFiles(config))
        const here = (args: readonly string[]) => args.map((arg) => arg.replace('=/', `=${root}/`).replace('0.0.0.0', '127.0.0.1'))
        const address = `http://127.0.0.1:${own}`
        const starts = [start(prometheus, here(prometheusArguments(config)), `${address}/-/ready`)]
        if (config.monitoring.alertmanager)
          starts.push(
            start(programs.get('alertmanager')!, here(alertmanagerArguments(config)), `http://127.0.0.1:${alertmanagerPort}/-/ready`),
          )
        if (config.monitoring.nodeExporter) {
          const args = nodeExporterArguments(config).map((arg) => arg.replace('/host', '/').replace('0.0.0.0', '127.0.0.1'))
          starts.push(start(programs.get('node-exporter')!, args, `http://127.0.0.1:${nodePort}/`))
        }
        for (const outcome of await Promise.allSettled(starts)) {
          if (outcome.status === 'fulfilled') running.push(outcome.value)
          else throw outcome.reason
        }

        const ask = async (expression: string): Promise<Sample[]> => {
          const answer = await fetch(`${address}/api/v1/query?query=${encodeURIComponent(expression)}`)
          const { status, data, error } = (await answer.json()) as { status: string; error?: string; data: { result: Sample[] } }
          if (status !== 'success') throw new Error(`${expression}: ${error}`)
          return data.result.filter(({ value }) => value[1] !== 'NaN')
        }
        /** Waits until every one of these expressions has data, with users at work all the while. */
        const answered = async (expressions: readonly string[]) => {
          let waiting = [...new Set(expressions)]
          await until(
            'data for',
            async () => {
              await traffic(addresses)
              const empty = await Promise.all(waiting.map(async (expression) => (await ask(expression)).length === 0))
              waiting = waiting.filter((_, index) => empty[index])
              return waiting.length === 0
            },
            () => waiting.join('\n'),
          )
        }

        await until('all targets to be up', async () => {
          const { data } = (await (await fetch(`${address}/api/v1/targets`)).json()) as { data: { activeTargets: { health: string }[] } }
          const expected = config.services.length + 1 + running.length - 1
          return data.activeTargets.length === expected && data.activeTargets.every(({ health }) => health === 'up')
        })
        const host = config.monitoring.nodeExporter !== undefined
        const files = ruleFiles(config)
        await answered(groupsIn(files).flatMap(({ rules }) => rules.flatMap((rule) => ('record' in rule ? [rule.record] : []))))
        const services = stage.services.map(({ name }) => name).join('|')
        const values = { job: services, instance: '.+' }
        const asked = panels.flatMap(({ targets }) => targets.map(({ expr }) => withoutVariables(expr, values)))
        const annotations = dashboard.annotations.list.map(({ expr }) => expr)
        await answered([...asked, ...annotations].filter((expression) => host || !expression.includes('node_')))
        // What each service promises is known of every one of them.
        assert.is((await ask('job:slo_budget_left:ratio')).length, 2 * config.services.length)

        const names = new Set(made)
        for (const { port } of config.services)
          for (const name of await exported(`http://127.0.0.1:${port}/metrics`, token)) names.add(name)
        for (const port of [own, ...(config.monitoring.alertmanager ? [alertmanagerPort] : []), ...(host ? [nodePort] : [])])
          for (const name of await exported(`http://127.0.0.1:${port}/metrics`)) names.add(name)
        const expressions = [...groupsIn(files).flatMap(({ rules }) => rules.map(({ expr }) => expr)), ...asked, ...annotations]
        const unknown = expressions.flatMap(metricsIn).filter((name) => !names.has(name) && (host || !name.startsWith('node_')))
        assert.equal([...new Set(unknown)], [], 'metrics that nobody exports')

        const { data } = (await (await fetch(`${address}/api/v1/rules`)).json()) as {
          data: { groups: { rules: { name: string; health: string; lastError?: string }[] }[] }
        }
        const broken = data.groups.flatMap(({ rules }) => rules.filter(({ health }) => health === 'err'))
        assert.equal(broken, [], 'rules that cannot be evaluated')
        const fired = async () => (await ask('ALERTS{alertstate="firing"}')).map(({ metric }) => metric.alertname)
        await until("the project's own alert to fire", async () => (await fired()).length > 0)
        assert.equal(await fired(), ['TeamAlert'], 'a healthy stage is silent')

        if (config.monitoring.alertmanager) {
          const [first] = await until('the alert to arrive', async () => webhook.received.length > 0 && webhook.received)
          const { status, alerts } = JSON.parse(first!.body) as Notification
          assert.is(status, 'firing')
          const { alertname, app, service, severity, stage: name } = alerts[0]!.labels
          assert.equal([alertname, app, service, severity, name], ['TeamAlert', stage.app, 'team', 'critical', 'local'])
        }
      } finally {
        await Promise.all([...running.map(({ stop }) => stop()), ...children.map((child) => stopChild(child))])
        await webhook.close()
      }
    })
  })
} else {
  // The runner wants a test in every file; what needs no Prometheus is tested in the files beside this one.
  test('without a Prometheus nothing can be asked', () => assert.is(prometheus, undefined))
}

test.run()
