import { rmSync } from 'node:fs'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { ConfigOptions } from '../../../config/schema/options.ts'
import type { Located } from '../../../src/image/registry/push.ts'
import { containersOf, secretsAgentOf } from '../../../src/release/launch/containers.ts'
import { recipesOf } from '../../../src/release/launch/images.ts'
import { openPorts, portsOf, refuseUnknownService } from '../../../src/release/stage/ports.ts'
import type { Failure } from '../../../src/report/failure.ts'
import { readSecretRequest } from '../../../src/secrets-agent/secret-request.ts'
import { configOf } from '../config.fixture.ts'

const config = configOf({
  services: {
    web: {
      entry: './services/web/server.ts',
      port: 8001,
      expose: 'public',
      memoryMiB: 512,
      needs: ['data-store'],
      schema: './services/web/schema.json',
      environment: { GREETING: 'hello', PORT: '1', TOKEN: { secret: 'API_KEY' } },
    },
    'data-store': { dockerfile: './services/web/Dockerfile', port: 8002, health: '/ready', expose: ['192.0.2.0/24'] },
  },
  monitoring: { alertmanager: false, nodeExporter: false, expose: ['198.51.100.0/24'] },
})
test.after(() => rmSync(config.folder, { recursive: true }))

/** Where these images would be. */
function located(...names: string[]): ReadonlyMap<string, Located> {
  const entry = (name: string) => ({ digest: name, reference: `registry.test/shop/test/${name}@sha256:${name}` })
  return new Map(names.map((name) => [name, entry(name)]))
}
const all = located('web', 'data-store', 'prometheus', 'grafana', 'secrets')

test('a service becomes a container that knows its port, what it needs and where its secrets lie', () => {
  const [web, store] = containersOf(config, all)
  const { NODE_OPTIONS, ...environment } = web!.environment
  assert.equal(environment, {
    GREETING: 'hello',
    TOKEN_FILE: '/run/secrets/API_KEY',
    SCHEMA_FILE: '/app/schema.json',
    SERVICE_AUTH: 'metrics',
    SERVICE_NAME: 'web',
    PORT: '8001',
  })
  assert.match(NODE_OPTIONS!, '--max-old-space-size=192 ')
  const { environment: _, ...rest } = web!
  assert.equal(rest, {
    name: 'web',
    kind: 'service',
    image: 'registry.test/shop/test/web@sha256:web',
    addresses: { DATA_STORE_URL: 8002 },
    port: 8001,
    health: '/health',
    memoryMiB: 512,
    swapMiB: 0,
    volume: '/data',
    reads: {},
    hostFolders: {},
    hostNetwork: false,
    user: '1000:1000',
    secrets: ['API_KEY'],
    needs: ['data-store'],
  })
  assert.equal(store!.environment, {
    SERVICE_AUTH: 'metrics',
    SERVICE_NAME: 'data-store',
    PORT: '8002',
  })
})

test('swap is dealt out by the limits, and no container gets what others count on', () => {
  const swapped = containersOf({ ...config, instance: { ...config.instance, swapMiB: 1000 } }, all)
  assert.equal(
    swapped.map(({ name, memoryMiB, swapMiB }) => [name, memoryMiB, swapMiB]),
    [
      ['web', 512, 333],
      ['data-store', 256, 166],
      ['prometheus', 256, 166],
      ['grafana', 512, 333],
    ],
  )
})

const web = { entry: './services/web/server.ts', port: 8001 }
const api = { entry: './services/web/server.ts', port: 8002 }

/** What the containers of these services are told of whom they answer, and the secrets they read. */
function toldTo(services: ConfigOptions['services'], monitoring: ConfigOptions['monitoring'] = false) {
  const config = configOf({ services, monitoring })
  rmSync(config.folder, { recursive: true })
  const told = containersOf(config, located('web', 'api', 'other', 'prometheus')).map(({ name, environment, secrets }) => {
    const { NODE_OPTIONS: _, SERVICE_NAME: __, PORT: ___, ...rest } = environment
    return [name, rest, secrets]
  })
  return { told, own: recipesOf(config).ownSecrets }
}

test('what nobody outside can reach guards nothing, and a stage with nothing else has no token', () => {
  assert.equal(toldTo({ web }, { grafana: false, alertmanager: false, nodeExporter: false }), {
    told: [
      ['web', {}, []],
      ['prometheus', {}, []],
    ],
    own: [],
  })
})

test('metrics of what is open are guarded without a token where nobody else has one', () => {
  assert.equal(toldTo({ web: { ...web, expose: 'public' } }), { told: [['web', { SERVICE_AUTH: 'metrics' }, []]], own: [] })
})

test('who demands a token, who shows metrics, and who needs one that demands it, get it as a file', () => {
  const token = { SERVICE_TOKEN_FILE: '/run/secrets/service-token' }
  const services = {
    web: { ...web, needs: ['api'] },
    api: { ...api, auth: 'token', rateLimit: { perSecond: 0.5, burst: 20 }, trustProxy: ['10.0.0.0/16', '192.0.2.7/32'] },
    other: { ...web, port: 8003, expose: 'public' },
  } as const
  assert.equal(toldTo(services), {
    told: [
      ['web', token, ['service-token']],
      [
        'api',
        { SERVICE_AUTH: 'token', ...token, SERVICE_RATE_LIMIT: '0.5/20', SERVICE_TRUST_PROXY: '10.0.0.0/16,192.0.2.7/32' },
        ['service-token'],
      ],
      ['other', { SERVICE_AUTH: 'metrics', ...token }, ['service-token']],
    ],
    own: ['service-token'],
  })
})

test('monitoring runs beside the services, never as root; what was not pushed is left out', () => {
  const containers = containersOf(config, all)
  assert.equal(
    containers.map(({ name, user }) => `${name} ${user}`),
    ['web 1000:1000', 'data-store 1000:1000', 'prometheus 65534:65534', 'grafana 472:0'],
  )
  const without = containersOf(config, located('web', 'data-store', 'prometheus'))
  assert.equal(
    without.map(({ name }) => name),
    ['web', 'data-store', 'prometheus'],
  )
})

test('the secrets agent gets one secret request for each secret of each container, without values', () => {
  const secretsAgent = secretsAgentOf(config, all, containersOf(config, all))!
  assert.is(secretsAgent.image, 'registry.test/shop/test/secrets@sha256:secrets')
  assert.is(secretsAgent.region, 'eu-west-1')
  assert.equal(secretsAgent.requests.map(readSecretRequest), [
    { container: 'web', name: 'API_KEY', uid: 1000, parameter: '/shop/test/secrets/API_KEY' },
    { container: 'grafana', name: 'grafana-admin-password', uid: 472, parameter: '/shop/test/secrets/grafana-admin-password' },
  ])
  assert.is(secretsAgentOf(config, all, []), undefined)
})

test('the security group opens what the config exposes and nothing else', () => {
  assert.equal(
    portsOf(config).map(({ name, port, health }) => `${name} ${port} ${health}`),
    ['web 8001 /health', 'data-store 8002 /ready', 'prometheus 9090 /-/ready', 'grafana 3000 /api/health'],
  )
  assert.equal(openPorts(config), [
    { port: 8001, cidrs: ['0.0.0.0/0'], purpose: 'web' },
    { port: 8002, cidrs: ['192.0.2.0/24'], purpose: 'data-store' },
    { port: 9090, cidrs: ['198.51.100.0/24'], purpose: 'prometheus' },
    { port: 3000, cidrs: ['198.51.100.0/24'], purpose: 'grafana' },
  ])
  const closed = configOf({ services: { web: { entry: './services/web/server.ts', port: 8001 } } })
  assert.equal(openPorts(closed), [])
  rmSync(closed.folder, { recursive: true })
})

test('a container that the config does not have is refused, with the name that was probably meant', () => {
  refuseUnknownService(config, 'web')
  try {
    refuseUnknownService(config, 'data-stor')
    assert.unreachable()
  } catch (error) {
    const failure = error as Failure
    assert.is(failure.message, 'There is no service "data-stor". Did you mean "data-store"?')
    assert.is(failure.details.likely, 'The config has web, data-store, prometheus, grafana.')
    assert.is(failure.code, 2)
  }
})

test('every service has a recipe, and secrets that users must set are told from those that are ours', () => {
  const { recipes, wantedSecrets, ownSecrets, missing } = recipesOf({
    ...config,
    monitoring: { ...config.monitoring, prometheus: undefined, grafana: { ...config.monitoring.grafana!, base: 'grafana/grafana:13' } },
  })
  assert.equal(
    recipes.map(({ name }) => name),
    ['web', 'data-store', 'grafana', 'secrets'],
  )
  assert.equal([wantedSecrets, ownSecrets, missing], [['API_KEY'], ['grafana-admin-password'], []])
  const bare = configOf()
  assert.equal(
    recipesOf(bare).recipes.map(({ name }) => name),
    ['web'],
  )
  rmSync(bare.folder, { recursive: true })
})

test('a monitoring server that this machine does not have is left out, with the way to get it', () => {
  const path = process.env.PATH
  process.env.PATH = config.folder
  const { recipes, missing, ownSecrets } = recipesOf(config)
  process.env.PATH = path
  assert.equal(
    recipes.map(({ name }) => name),
    ['web', 'data-store', 'secrets'],
  )
  assert.equal(ownSecrets, [])
  assert.match(missing[0]!, /^prometheus is not on this machine \(.+\)$/)
  assert.match(missing[1]!, /^grafana is not on this machine \(.+\)$/)
})

test.run()
