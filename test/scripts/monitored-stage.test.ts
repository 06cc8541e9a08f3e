// time limit: 240 s
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { withoutVariables } from '../../monitoring/expression.ts'
import { until } from '../support/client.ts'
import { panelsOf, type ReadDashboard } from '../support/dashboard.ts'
import { document, layProject, nothingRuns } from '../support/project.ts'
import { has } from '../support/promtool.ts'
import { traffic as users } from '../support/traffic.ts'
import { type Notification, startWebhook } from '../support/webhook.ts'

/** What each server is called on the PATH: by its makers, and by Debian. */
const programs = {
  prometheus: ['prometheus'],
  alertmanager: ['alertmanager', 'prometheus-alertmanager'],
  'node-exporter': ['node_exporter', 'prometheus-node-exporter'],
}
const servers = Object.entries(programs).flatMap(([name, called]) => (called.some(has) ? [name] : []))
const absent = Object.keys(programs).filter((name) => !servers.includes(name))
if (absent.length > 0) console.log(`not tested, because not on the PATH: ${absent.join(', ')}`)

/** One deploy of the real scripts, and what its users see of monitoring afterwards. */
async function testDeployed(): Promise<void> {
  const project = await layProject({ services: ['ml-inference', 'data-ingestion'] })
  const [inference, ingestion, prometheus, alertmanager, nodeExporter, grafana] = project.ports as [number, ...number[]]
  const webhook = await startWebhook()
  const services = {
    'ml-inference': {
      entry: './services/ml-inference/server.ts',
      port: inference,
      health: '/ready',
      expose: 'public',
      measures: ['predictions'],
    },
    'data-ingestion': { entry: './services/data-ingestion/server.ts', port: ingestion, expose: 'public', measures: ['ingestion'] },
  }
  const configure = (withGrafana: boolean) => {
    const ports = { prometheus: { port: prometheus }, alertmanager: { port: alertmanager }, nodeExporter: { port: nodeExporter } }
    const alerts = { webhook: { url: `${webhook.url}/alerts` }, settle: '1s' }
    const monitoring = { ...ports, grafana: withGrafana && { port: grafana }, expose: 'public', scrapeInterval: '1s', alerts }
    project.configure({ services, monitoring })
  }
  const names = [...Object.keys(services), ...servers].sort()
  const addresses = new Map(Object.entries(services).map(([name, { port }]) => [name, `http://127.0.0.1:${port}`]))

  // biome-ignore lint/suspicious/noExplicitAny: its fields are what is tested
  const api = async (path: string): Promise<any> => {
    const { status, data, error } = (await (await fetch(`http://127.0.0.1:${prometheus}/api/v1/${path}`)).json()) as Record<string, unknown>
    assert.is(status, 'success', `${path}: ${error}`)
    return data
  }
  const hasData = async (expression: string) => {
    const { result } = await api(`query?query=${encodeURIComponent(expression)}`)
    return result.some(({ value }: { value: [number, string] }) => value[1] !== 'NaN')
  }
  /** Waits until every one of these expressions has had data, with users at work all the while. */
  const answered = async (expressions: readonly string[]) => {
    let waiting = [...new Set(expressions)]
    const all = async () => {
      await users(addresses)
      const found = await Promise.all(waiting.map(hasData))
      waiting = waiting.filter((_, index) => !found[index])
      return waiting.length === 0
    }
    await until(all, 60, () => `data for\n${waiting.join('\n')}`)
  }

  test('one deploy brings up Prometheus, Alertmanager and the node exporter beside the services', async () => {
    configure(false)
    const { ok, images, warnings } = document(await project.run('deploy', '--json'))
    assert.equal([ok, Object.keys(images).sort(), warnings], [true, names, []])
    // Nobody has to wait: a deploy ends when every service was scraped.
    const { activeTargets } = (await api('targets?state=active')) as { activeTargets: { labels: { job: string }; health: string }[] }
    const scraped = activeTargets.flatMap(({ labels, health }) => (health === 'up' ? [labels.job] : []))
    for (const service of Object.keys(services)) assert.ok(scraped.includes(service), `${service} was not scraped yet`)
  })

  test('all targets are up, and there is one for everything that was deployed', async () => {
    let seen: unknown
    const up = async () => {
      const { activeTargets } = (await api('targets')) as {
        activeTargets: { labels: { job: string }; health: string; lastError: string }[]
      }
      seen = JSON.stringify(activeTargets.map(({ labels, health, lastError }) => [labels.job, health, lastError]))
      const jobs = activeTargets.flatMap(({ labels, health }) => (health === 'up' ? [labels.job] : []))
      return jobs.length === activeTargets.length && jobs.sort().join() === names.join()
    }
    await until(up, 30, () => seen)
  })

  test('after traffic every recording rule has data', async () => {
    const { groups } = (await api('rules')) as { groups: { rules: { type: string; name: string; health: string; lastError?: string }[] }[] }
    const rules = groups.flatMap(({ rules }) => rules)
    const broken = rules.filter(({ health }) => health === 'err')
    assert.equal(broken, [], 'rules that cannot be evaluated')
    const recorded = rules.flatMap(({ type, name }) => (type === 'recording' ? [name] : []))
    for (const name of ['job:slo_budget_left:ratio', 'release:launched:timestamp_seconds']) assert.ok(recorded.includes(name), name)
    await answered(recorded)
  })

  test('after traffic every panel of the generated dashboard has data, and so has the line that shows a deploy', async () => {
    // Whoever brings a Grafana gets the dashboard as a file; the deploy itself went without one.
    configure(true)
    document(await project.run('monitoring', '--out', 'out', '--json'))
    configure(false)
    const file = join(project.folder, 'out/grafana/provisioning/dashboards/overview.json')
    const dashboard: ReadDashboard = JSON.parse(readFileSync(file, 'utf8'))
    const queries = [...panelsOf(dashboard).flatMap(({ targets }) => targets), ...dashboard.annotations.list].map(({ expr }) => expr)
    assert.ok(queries.length > 20)
    const values = { job: [...addresses.keys()].join('|'), instance: '.+' }
    const host = servers.includes('node-exporter')
    await answered(queries.map((query) => withoutVariables(query, values)).filter((query) => host || !query.includes('node_')))
  })

  if (servers.includes('alertmanager'))
    test('when the container of a service is stopped, ServiceDown arrives at the webhook', async () => {
      const told = () => webhook.received.flatMap(({ body }) => (JSON.parse(body) as Notification).alerts)
      const down = () => told().find(({ labels }) => labels.alertname === 'ServiceDown')
      assert.is(down(), undefined, 'nothing is down yet')
      const { code, err } = await project.start('session', [], { input: 'docker stop data-ingestion\n' }).ended
      assert.is(code, 0, err)
      // The alert waits for a minute before it fires.
      await until(
        () => down() !== undefined,
        100,
        () => JSON.stringify(told()),
      )
      const { status, labels, annotations } = down()!
      const { app, stage, service, severity } = labels
      assert.equal([status, app, stage, service, severity], ['firing', 'shop', 'local', 'data-ingestion', 'critical'])
      assert.is(annotations.summary, 'data-ingestion is down')
      assert.ok(webhook.received.every(({ path }) => path === '/alerts'))
    })

  test('destroy leaves nothing of it', async () => {
    await webhook.close()
    document(await project.run('destroy', '--yes', '--all', '--json'))
    await nothingRuns(project)
  })
}

if (servers.includes('prometheus')) await testDeployed()
// The runner wants a test in every file.
else test('without a Prometheus nothing can be asked', () => assert.not(servers.includes('prometheus')))

test.run()
