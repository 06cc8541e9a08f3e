import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { readMonitoring } from '../../../src/release/launch/monitoring.ts'
import { monitoringScript } from '../../../src/release/launch/monitoring-script.ts'
import { serving } from '../serving.fixture.ts'
import { container } from './launch.fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'monitoring-'))
test.after(() => rmSync(folder, { recursive: true }))

/**
 * Runs the script on a machine of which we say what its launch has left.
 * @param lookSeconds how long each look at the clock takes
 */
async function wait(left: Record<string, string>, port: number, lookSeconds: number) {
  rmSync(join(folder, 'monitoring'), { recursive: true, force: true })
  mkdirSync(join(folder, 'monitoring'))
  for (const [name, what] of Object.entries(left)) writeFileSync(join(folder, 'monitoring', name), what)
  rmSync(join(folder, 'looks'), { force: true })
  const clock = `echo x >>"${folder}/looks"; echo $(($(wc -l <"${folder}/looks") * ${lookSeconds}))`
  writeFileSync(join(folder, 'date'), `#!/bin/sh\n${clock}\n`, { mode: 0o755 })
  const servers = ['prometheus', 'grafana'].map((name) => container(name, { kind: 'monitoring', port }))
  const scraped = ['web', 'store', 'node-exporter'].map((name) => ({ name, port: 1 }))
  const script = monitoringScript({ containers: [container('web'), container('store'), ...servers], scraped }, '127.0.0.1')
  const child = spawn('sh', ['-c', script], { env: { PATH: `${folder}:${process.env.PATH}`, MLOPS_ROOT: folder } })
  const [out, code] = await Promise.all([text(child.stdout), new Promise((done) => child.once('exit', done)), text(child.stderr)])
  return { code, outcomes: readMonitoring(out, 'i-1') }
}

const target = (job: string, also: string) =>
  `{"discoveredLabels":{"__address__":"a"},"labels":{"job":"${job}"},"scrapePool":"${job}","scrapeUrl":"http://a",${also},"lastScrape":"x"}`
const up = '"lastError":"","health":"up"'
const targets = (...list: string[]) => `{"status":"success","data":{"activeTargets":[${list.join(',')}],"droppedTargets":[]}}`

const good = { prometheus: '{"ok":true}\n', grafana: '{"ok":true}\n' }
const said = ({ outcomes }: Awaited<ReturnType<typeof wait>>) =>
  outcomes.map(
    ({ kind, name, failure }) => `${kind} ${name}: ${failure ? [failure.message, ...(failure.details.log ?? [])].join(' | ') : 'ok'}`,
  )

test('what is up and was scraped is well, and a service is waited for until it was scraped', async () => {
  let asked = 0
  await serving(
    (request, response) => {
      asked++
      assert.is(request.url, '/api/v1/targets?state=active')
      const store = asked < 6 ? '"lastError":"","health":"unknown"' : up
      response.end(targets(target('web', up), target('store', store), target('node-exporter', up)))
    },
    async (port) => {
      const ran = await wait(good, port, 0)
      assert.equal([ran.code, said(ran)], [0, ['monitor prometheus: ok', 'monitor grafana: ok', 'scrape web: ok', 'scrape store: ok']])
      assert.ok(asked >= 6)
    },
  )
})

test('what did not come up, or is not scraped in time, is a failure with its name and its last lines', async () => {
  const broken = '{"ok":false,"step":"start","container":"grafana"}\nno such plugin\n  at start\n'
  const down = '"lastError":"dial \\"tcp\\": refused","health":"down"'
  await serving(
    (_, response) => response.end(targets(target('web', down))),
    async (port) => {
      const ran = await wait({ ...good, grafana: broken }, port, 25)
      assert.equal(said(ran), [
        'monitor prometheus: ok',
        'monitor grafana: Could not keep running grafana | no such plugin |   at start',
        'scrape web: Prometheus has not scraped web yet | dial \\"tcp\\": refused',
        'scrape store: Prometheus has not scraped store yet | It does not know it as a target.',
      ])
      assert.is(ran.outcomes[1]!.failure!.details.on, 'container grafana, instance i-1')
      assert.match(ran.outcomes[1]!.failure!.details.likely!, 'The program ends by itself')
    },
  )
})

test('a server that has not come up in time is told as such, and a Prometheus that did not come up is asked for nothing', async () => {
  const ran = await wait({ grafana: '{"ok":true}\n' }, 1, 25)
  assert.equal(said(ran), ['monitor prometheus: prometheus has not come up yet', 'monitor grafana: ok'])
  assert.is(ran.code, 0)
})

test.run()
