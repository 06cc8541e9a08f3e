import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { parse } from 'yaml'
import type { Alerts, Config } from '../../config/config.ts'
import { alertmanagerArguments, alertmanagerFiles, alertmanagerSecrets, monitoringServers, writeFiles } from '../../monitoring/index.ts'
import { has, inFolder, output } from '../support/promtool.ts'
import { startWebhook } from '../support/webhook.ts'
import { config } from './example.fixture.ts'
import { freePorts, start, until } from './server.fixture.ts'

const program = monitoringServers(config)
  .find(({ name }) => name === 'alertmanager')!
  .programs.find(has)

const sending = (alerts: Partial<Alerts>): Config => ({
  ...config,
  monitoring: { ...config.monitoring, scrapeInterval: '500ms', alerts: { ...config.monitoring.alerts, ...alerts } },
})
const settings = (of: Config) => parse(alertmanagerFiles(of)['alertmanager.yml']!)
const email = { to: ['a@example.com', 'b@example.com'], from: 'alerts@example.com', smarthost: 'mail.example.com:587' }

const everywhere = sending({
  webhook: { url: 'https://hooks.example.com/alerts', token: { secret: 'HOOK_TOKEN' } },
  slack: { url: { secret: 'SLACK_URL' }, channel: '#alerts' },
  email: { ...email, username: 'alerts', password: { secret: 'SMTP_PASSWORD' } },
})

test('each destination of the config gets every alert, and secrets are read from files', () => {
  const [nobody, team] = settings(everywhere).receivers
  assert.equal(nobody, { name: 'nobody' })
  const [webhook, slack, mail] = [team.webhook_configs[0], team.slack_configs[0], team.email_configs[0]]
  assert.is(webhook.url, 'https://hooks.example.com/alerts')
  assert.equal(webhook.http_config, { authorization: { credentials_file: '../../run/secrets/HOOK_TOKEN' } })
  assert.equal([slack.api_url_file, slack.channel], ['../../run/secrets/SLACK_URL', '#alerts'])
  assert.equal([mail.to, mail.auth_password_file], ['a@example.com, b@example.com', '../../run/secrets/SMTP_PASSWORD'])
  assert.equal(alertmanagerSecrets(everywhere), ['HOOK_TOKEN', 'SLACK_URL', 'SMTP_PASSWORD'])
})

test('a URL that is a secret is read from a file as well', () => {
  const { receivers } = settings(sending({ webhook: { url: { secret: 'HOOK' }, token: undefined } }))
  assert.equal(receivers[1].webhook_configs, [{ url_file: '../../run/secrets/HOOK', send_resolved: true }])
})

test('a heartbeat is told of the watchdog and of nothing else, all the time, also while a release settles', () => {
  const { route, receivers, inhibit_rules } = settings(sending({ heartbeat: 'https://hc.example.com/x' }))
  assert.equal(receivers[2], { name: 'heartbeat', webhook_configs: [{ url: 'https://hc.example.com/x', send_resolved: false }] })
  assert.equal([route.routes[0].receiver, route.routes[0].matchers], ['heartbeat', ['alertname="Watchdog"']])
  assert.equal(inhibit_rules[0].target_matchers, ['alertname!~"DeployInProgress|Watchdog"'])
  assert.equal(alertmanagerSecrets(sending({ heartbeat: { secret: 'HEARTBEAT' } })), ['HEARTBEAT'])
})

test('without destinations alerts are grouped and shown, and nobody is told', () => {
  assert.equal(settings(config).receivers, [{ name: 'nobody' }, { name: 'team' }])
  assert.equal(alertmanagerSecrets(config), [])
})

test('a config without Alertmanager generates nothing for it', () => {
  const without = { ...everywhere, monitoring: { ...everywhere.monitoring, alertmanager: undefined } }
  assert.equal([alertmanagerFiles(without), alertmanagerArguments(without), alertmanagerSecrets(without)], [{}, [], []])
})

if (has('amtool')) {
  test('amtool accepts the config with every destination, and routes a deploy to nobody', async () => {
    await inFolder(async (folder) => {
      for (const each of [
        config,
        sending({ heartbeat: 'https://hc.example.com/x' }),
        everywhere,
        sending({ email: { ...email, username: undefined, password: undefined } }),
      ]) {
        writeFiles(folder, alertmanagerFiles(each))
        assert.match(await output('amtool', ['check-config', join(folder, 'alertmanager.yml')]), 'SUCCESS')
      }
      const route = async (...labels: string[]) =>
        (await output('amtool', ['config', 'routes', 'test', `--config.file=${join(folder, 'alertmanager.yml')}`, ...labels])).split(
          '\n',
        )[0]
      assert.is(await route('alertname=DeployInProgress', 'severity=info'), 'nobody')
      assert.is(await route('alertname=LowIngestionRate', 'severity=info'), 'team')
      assert.is(await route('alertname=ServiceDown', 'severity=critical'), 'team')
    })
  })
} else {
  console.log('amtool is not on the PATH: the generated Alertmanager config is checked as YAML only.')
}

if (program) {
  test('what is down holds back what follows from it, a deploy holds back everything, and secrets reach the destinations', async () => {
    const webhook = await startWebhook()
    await inFolder(async (root) => {
      const of = sending({
        webhook: { url: `${webhook.url}/hook`, token: { secret: 'HOOK_TOKEN' } },
        heartbeat: `${webhook.url}/alive`,
        slack: { url: { secret: 'SLACK_URL' }, channel: '#alerts' },
      })
      // As in a container: the config in /etc/alertmanager, where the program runs, and the secrets in /run/secrets.
      const folder = join(root, 'etc/alertmanager')
      writeFiles(folder, alertmanagerFiles(of))
      mkdirSync(join(root, 'run/secrets'), { recursive: true })
      writeFileSync(join(root, 'run/secrets/HOOK_TOKEN'), 'a-token')
      writeFileSync(join(root, 'run/secrets/SLACK_URL'), `${webhook.url}/slack`)
      const [port] = await freePorts(1)
      const args = alertmanagerArguments({
        ...of,
        monitoring: { ...of.monitoring, alertmanager: { port: port!, base: 'host', memoryMiB: 64 } },
      })
      const here = args.map((arg) => arg.replace('=/', `=${root}/`).replace('0.0.0.0', '127.0.0.1'))
      const address = `http://127.0.0.1:${port}`
      const alertmanager = await start(program, here, `${address}/-/ready`, folder)
      try {
        const raise = (...alerts: Record<string, string>[]) =>
          fetch(`${address}/api/v2/alerts`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify(
              alerts.map((labels) => ({
                labels: { ...labels, app: 'mlops', stage: 'staging' },
                annotations: { summary: labels.alertname },
              })),
            ),
          })
        const heldBack = async () => {
          const all = (await (await fetch(`${address}/api/v2/alerts`)).json()) as {
            labels: { alertname: string }
            status: { inhibitedBy: string[] }
          }[]
          return all.filter(({ status }) => status.inhibitedBy.length > 0).map(({ labels }) => labels.alertname)
        }
        await raise(
          { alertname: 'ServiceDown', severity: 'critical', service: 'a' },
          { alertname: 'AServiceDown', severity: 'critical', service: 'a' },
          { alertname: 'HighResponseTime', severity: 'warning', service: 'a' },
          { alertname: 'HighResponseTime', severity: 'warning', service: 'b' },
        )
        const sent = await until('every destination to be told of both services', async () => {
          const of = (path: string) => webhook.received.filter((each) => each.path === path)
          return of('/hook').length === 2 && of('/slack').length === 2 && of('/hook')
        })
        assert.is(sent[0]!.headers.authorization, 'Bearer a-token')
        const told = sent.map(({ body }) => (JSON.parse(body) as { alerts: { labels: { alertname: string; service: string } }[] }).alerts)
        assert.equal(
          told
            .flat()
            .map(({ labels }) => `${labels.alertname} ${labels.service}`)
            .sort(),
          ['HighResponseTime b', 'ServiceDown a'],
        )
        assert.equal((await heldBack()).sort(), ['AServiceDown', 'HighResponseTime'])
        await raise({ alertname: 'DeployInProgress', severity: 'info' })
        // It goes on, and to nobody else.
        const alive = () => webhook.received.filter(({ body }) => body.includes('Watchdog'))
        await raise({ alertname: 'Watchdog', severity: 'info', service: 'prometheus' })
        await until('the heartbeat to be called', async () => alive().length > 0)
        assert.ok(alive().every(({ path }) => path === '/alive'))
        await until('the deploy to hold back the rest', async () => (await heldBack()).length === 4)
        assert.not.ok((await heldBack()).includes('DeployInProgress'))
      } finally {
        await alertmanager.stop()
      }
    }).finally(() => webhook.close())
  })
} else {
  console.log('Alertmanager is not on the PATH: what it would do with the generated config is not tested.')
}

test.run()
