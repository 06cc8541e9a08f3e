import { rmSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { describeLaunch, launchOn } from '../../../src/release/launch/launch-description.ts'
import { launchScript } from '../../../src/release/launch/launch-script.ts'
import { configOf } from '../config.fixture.ts'
import { allLocated, located } from './description.fixture.ts'

const config = configOf({
  services: {
    web: {
      entry: './services/web/server.ts',
      port: 8001,
      needs: ['data-store'],
      environment: { GREETING: 'it\'s "$HOME"', TOKEN: { secret: 'API_KEY' } },
    },
    'data-store': { entry: './services/web/server.ts', port: 8002 },
  },
  monitoring: { alertmanager: false },
})
test.after(() => rmSync(config.folder, { recursive: true }))

const description = describeLaunch(config, { release: 7, commit: 'abc123', images: allLocated(config) })
const here = { address: '10.0.0.7', identity: '7-abc', at: 1_700_000_000_000, by: 'ann@laptop' }
const elsewhere = { address: '192.0.2.9', identity: '7-xyz', at: 1_800_000_000_000, by: 'bob@ci' }

test('a launch is told where it is and who it is; everything else is in the description', () => {
  const { release, identity, address, registry, containers, secretsAgent, files } = launchOn(description, here)
  assert.equal([release, identity, address, registry], [7, '7-abc', '10.0.0.7', 'registry.test'])
  const environments = Object.fromEntries(containers.map(({ name, environment: { NODE_OPTIONS: _, ...others } }) => [name, others]))
  assert.equal(environments, {
    web: {
      GREETING: 'it\'s "$HOME"',
      TOKEN_FILE: '/run/secrets/API_KEY',
      SERVICE_NAME: 'web',
      PORT: '8001',
      DATA_STORE_URL: 'http://10.0.0.7:8002',
      RELEASE_ID: '7-abc',
    },
    'data-store': { SERVICE_NAME: 'data-store', PORT: '8002', RELEASE_ID: '7-abc' },
    prometheus: {},
    'node-exporter': {},
    grafana: { PROMETHEUS_URL: 'http://10.0.0.7:9090' },
  })
  assert.is(secretsAgent?.requests.length, 2)
  assert.is(files['prometheus/targets/web.json'], '[{"targets":["10.0.0.7:8001"],"labels":{"service":"web"}}]\n')
  assert.match(files['prometheus/targets/release.yml']!, 'vector(1700000000)')
  assert.match(files['prometheus/targets/release.yml']!, 'commit: abc123')
})

test('nothing of one launch is in the description: on another machine, another script differs in just that', () => {
  const text = JSON.stringify(description)
  for (const word of Object.values(here)) assert.not.match(text, String(word))
  const [one, other] = [here, elsewhere].map((circumstances) => launchScript(launchOn(description, circumstances))) as [string, string]
  const moved = Object.entries(here).reduce((script, [what, word]) => {
    const [from, to] = [word, elsewhere[what as keyof typeof here]].map((each) => (typeof each === 'number' ? each / 1000 : each))
    return script.replaceAll(String(from), String(to))
  }, one)
  assert.is(moved, other)
})

test('a description that was text meanwhile gives the same script, to the letter', () => {
  const read = JSON.parse(JSON.stringify(description))
  assert.is(launchScript(launchOn(read, here)), launchScript(launchOn(description, here)))
})

test('what has no image is neither launched nor scraped, and without Prometheus there are no files', () => {
  const some = describeLaunch(config, { release: 7, commit: undefined, images: located('web', 'data-store', 'prometheus', 'secrets') })
  assert.equal(
    [some.containers.map(({ name }) => name), some.scraped.map(({ name }) => name)],
    [
      ['web', 'data-store', 'prometheus'],
      ['web', 'data-store', 'prometheus'],
    ],
  )
  assert.not.ok('commit' in some)
  const bare = configOf()
  const plain = describeLaunch(bare, { release: 1, commit: undefined, images: located('web') })
  assert.equal(launchOn(plain, here).files, {})
  assert.is(launchOn(plain, here).secretsAgent, undefined)
  rmSync(bare.folder, { recursive: true })
})

test.run()
