import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { strategies } from '../../config/strategy.ts'
import { loadConfig } from '../../src/load-config.ts'
import { exit, Failure } from '../../src/report/failure.ts'
import { project } from './project.fixture.ts'

/** What is said about a config, given as the text of an object; `api.ts` and `store.ts` are there. */
async function said(text: string, folder?: string): Promise<string> {
  const cwd = folder ?? (await folderWith(text))
  try {
    await loadConfig({ cwd, env: {} })
    return 'nothing'
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    assert.is(error.code, exit.usage)
    return error.message
  }
}

const folderWith = (text: string) => project({ 'mlops.config.ts': `export default ${text}\n`, 'api.ts': '', 'store.ts': '' })

/** A config with one service that has these keys besides its entry and port. */
const withService = (keys: string, name = 'api') => `{ app: 'mlops', services: { '${name}': { entry: './api.ts', port: 8001, ${keys} } } }`
const withKeys = (keys: string) => `{ app: 'mlops', services: { api: { entry: './api.ts', port: 8001 } }, ${keys} }`

/** The one problem that is found, without place and count. */
async function problem(text: string): Promise<string> {
  const lines = (await said(text)).split('\n')
  assert.is(lines.length, 3, lines.join('\n'))
  assert.is(lines[2], '1 problem in mlops.config.ts. Nothing was changed in AWS.')
  return `${lines[0]!.replace(/^\S+ +/, '')}: ${lines[1]!.trim()}`
}

test('every problem of a config is shown at once, with its place, in the order of the file', async () => {
  const folder = await project({
    'api.ts': '',
    'mlops.config.ts': `// a comment
export default ({ stage }: { stage: string }) => ({
  app: 'My App',
  instance: {
    tpye: 't3.micro',
  },
  services: {
    'api': { entry: './api.ts', port: 80000, persist: '/data' },
    'store': {
      entry: './stoer.ts',
      port: 9090,
      needs: ['apo'],
    },
  },
})
`,
  })
  assert.is(
    await said('', folder),
    `mlops.config.ts:3   app
  got "My App", expected at most 32 lowercase letters, digits and single hyphens, starting with a letter
mlops.config.ts:5   instance.tpye
  unknown key. Did you mean "type"?
mlops.config.ts:8   services.api.persist
  unknown key. Expected one of entry, dockerfile, port, health, expose, auth, rateLimit, trustProxy, memoryMiB, environment, schema, needs, slo, measures
mlops.config.ts:8   services.api.port
  got 80000, expected a port from 1 to 65535
mlops.config.ts:10  services.store.entry
  got "./stoer.ts", expected a file: there is none at ${folder}/stoer.ts
mlops.config.ts:11  services.store.port
  got 9090, expected a port of its own: monitoring.prometheus.port is that by default
mlops.config.ts:12  services.store.needs[0]
  got "apo", expected the name of a service: api, store. Did you mean "api"?
7 problems in mlops.config.ts. Nothing was changed in AWS.`,
  )
})

const single: [sentence: string, text: string, expected: string][] = [
  ['a config that is no object', '5', '(the whole config): got 5, expected an object with "app" and "services"'],
  ['a missing app', '{ services: { api: { entry: "./api.ts", port: 8001 } } }', 'app: got nothing, expected a name'],
  ['missing services', "{ app: 'mlops' }", 'services: got nothing, expected an object with one entry a service'],
  ['no services', "{ app: 'mlops', services: {} }", 'services: got {}, expected at least one service'],
  ['a misspelt top-level key', withKeys("regoin: 'x'"), 'regoin: unknown key. Did you mean "region"?'],
  ['a misspelt target', withKeys("target: 'lokal'"), 'target: got "lokal", expected "local" or "aws". Did you mean "local"?'],
  [
    'an unknown strategy',
    withKeys("strategy: 'by-hand'"),
    `strategy: got "by-hand", expected ${strategies.map((name) => `"${name}"`).join(' or ')}`,
  ],
  ['a region that is none', withKeys("region: 'singapore'"), 'region: got "singapore", expected an AWS region such as "ap-southeast-1"'],
  [
    'an instance type without a size',
    withKeys("instance: { type: 't3' }"),
    'instance.type: got "t3", expected an instance type such as "t3.small"',
  ],
  [
    'an instance that is no object',
    withKeys("instance: 't3.micro'"),
    'instance: got "t3.micro", expected an object such as { type: "t3.small", diskGiB: 20 }',
  ],
  [
    'swap that is no whole number',
    withKeys('instance: { swapMiB: 0.5 }'),
    'instance.swapMiB: got 0.5, expected a whole number of MiB from 0 to 65536',
  ],
  [
    'swap that the disk does not hold',
    withKeys('instance: { diskGiB: 9, swapMiB: 1025 }'),
    'instance.swapMiB: got 1025, expected at most 1024 MiB on a disk of 9 GiB, of which the system and the images need 8',
  ],
  [
    'swap that the disk of a config that names none does not hold',
    withKeys('instance: { swapMiB: 12289 }'),
    'instance.swapMiB: got 12289, expected at most 12288 MiB on a disk of 20 GiB, of which the system and the images need 8',
  ],
  [
    'a misspelt option for CPU credits',
    withKeys("instance: { credits: 'standart' }"),
    'instance.credits: got "standart", expected "standard" or "unlimited". Did you mean "standard"?',
  ],
  [
    'a disk smaller than the machine image',
    withKeys('instance: { diskGiB: 4 }'),
    'instance.diskGiB: got 4, expected a whole number of GiB from 8 to 16384',
  ],
  [
    'a network without subnets',
    withKeys("network: { vpcId: 'vpc-0a1b2c3d4e5f60718', subnetIds: [] }"),
    'network.subnetIds: got [], expected one or more subnets, each once',
  ],
  [
    'a subnet that is named twice',
    withKeys("network: { vpcId: 'vpc-0a1b2c3d', subnetIds: ['subnet-0a1b2c3d', 'subnet-0a1b2c3d'] }"),
    'network.subnetIds: got ["subnet-0a1b2c3d","subnet-0a1b2c3d"], expected one or more subnets, each once',
  ],
  [
    'a network by its name',
    withKeys("network: { vpcId: 'main', subnetIds: ['subnet-0a1b2c3d'] }"),
    'network.vpcId: got "main", expected the id of a VPC such as "vpc-0a1b2c3d4e5f60718"',
  ],
  [
    'a subnet that is none',
    withKeys("network: { vpcId: 'vpc-0a1b2c3d', subnetIds: ['subnet-a'] }"),
    'network.subnetIds[0]: got "subnet-a", expected the id of a subnet such as "subnet-0a1b2c3d4e5f60718"',
  ],
  [
    'a misspelt key of a network',
    withKeys("network: { vpcId: 'vpc-0a1b2c3d', subnets: ['subnet-0a1b2c3d'] }"),
    'network.subnets: unknown key. Did you mean "subnetIds"?',
  ],
  [
    'a base without a tag',
    withKeys("base: 'node'"),
    'base: got "node", expected "host" or an image reference with a tag or digest, such as "public.ecr.aws/docker/library/node:24-slim"',
  ],
  [
    'a tag whose value is a number',
    withKeys('tags: { team: 7 }'),
    'tags.team: got 7, expected a text of 1 to 256 letters, digits, spaces and the characters _ . : / = + - @',
  ],
  [
    'a tag with a character that AWS does not take',
    withKeys("tags: { team: 'a;b' }"),
    'tags.team: got "a;b", expected a text of 1 to 256 letters, digits, spaces and the characters _ . : / = + - @',
  ],
  [
    'tags that are a list',
    withKeys("tags: ['team']"),
    'tags: got ["team"], expected an object of names and texts, such as { team: "search" }',
  ],
  [
    'a tag by which resources are found',
    withKeys("tags: { 'mlops:stage': 'prod' }"),
    'tags.mlops:stage: got "mlops:stage", expected another name: "Name" and what begins with "mlops:" is the project\'s, "aws:" AWS\'s',
  ],
  [
    "a tag that is AWS's",
    withKeys("tags: { 'AWS:x': 'y' }"),
    'tags.AWS:x: got "AWS:x", expected another name: "Name" and what begins with "mlops:" is the project\'s, "aws:" AWS\'s',
  ],
  [
    'a tag whose name is too long',
    withKeys(`tags: { ${'k'.repeat(129)}: 'v' }`),
    `tags.${'k'.repeat(129)}: got "${'k'.repeat(56)}..., expected a name of 1 to 128 letters, digits, spaces and the characters _ . : / = + - @`,
  ],
  [
    'a tag that differs from another by its case alone',
    withKeys("tags: { Team: 'a', team: 'b' }"),
    'tags.team: got "team", expected a name that differs from "Team" by more than upper and lower case',
  ],
  [
    'one tag more than there is room for',
    withKeys(`tags: { ${Array.from({ length: 46 }, (_, index) => `t${index}: 'v'`).join(', ')} }`),
    'tags: got 46 tags, expected at most 45: AWS allows 50, and the project has some of its own',
  ],
  ['a switch that is no boolean', withKeys("protect: 'yes'"), 'protect: got "yes", expected true or false'],
  [
    'monitoring that is true',
    withKeys('monitoring: true'),
    'monitoring: got true, expected false or an object such as { expose: "nobody" }',
  ],
  ['a misspelt key in monitoring', withKeys("monitoring: { expse: 'nobody' }"), 'monitoring.expse: unknown key. Did you mean "expose"?'],
  [
    'a misspelt key of a monitoring server',
    withKeys('monitoring: { grafana: { prot: 3001 } }'),
    'monitoring.grafana.prot: unknown key. Did you mean "port"?',
  ],
  [
    'a misspelt key deep in the alerts',
    withKeys("monitoring: { alerts: { email: { to: 'a@b', from: 'a@b', smarthst: 'b:25' } } }"),
    'monitoring.alerts.email.smarthst: unknown key. Did you mean "smarthost"?',
  ],
  [
    'a scrape interval that Prometheus could not keep up with',
    withKeys("monitoring: { scrapeInterval: '10ms' }"),
    'monitoring.scrapeInterval: got "10ms", expected a time from 500ms to 1m, such as "15s"',
  ],
  [
    'a retention without a unit',
    withKeys("monitoring: { retention: '30' }"),
    'monitoring.retention: got "30", expected a time from 1h to 10y, such as "30d"',
  ],
  [
    'a webhook that is no URL',
    withKeys("monitoring: { alerts: { webhook: { url: 'example.com' } } }"),
    'monitoring.alerts.webhook.url: got "example.com", expected a URL such as "https://hooks.example.com/alerts", or a secret',
  ],
  [
    'an objective that leaves no room for errors',
    withService('slo: { availability: 1 }'),
    'services.api.slo.availability: got 1, expected a share between 0 and 1 such as 0.995: an objective of 1 has no budget for errors',
  ],
  [
    'a latency objective that is no time',
    withService("slo: { latency: { seconds: '250ms' } }"),
    'services.api.slo.latency.seconds: got "250ms", expected a number of seconds such as 0.25',
  ],
  [
    'a latency objective between two bounds of the histogram',
    withService('slo: { latency: { seconds: 0.3 } }'),
    'services.api.slo.latency.seconds: got 0.3, expected a bound of the request histogram in seconds: 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10',
  ],
  [
    'a measure that is none',
    withService("measures: ['prediction']"),
    'services.api.measures[0]: got "prediction", expected "predictions" or "ingestion". Did you mean "predictions"?',
  ],
  [
    'a monitoring server that is a number',
    withKeys('monitoring: { grafana: 3001 }'),
    'monitoring.grafana: got 3001, expected false or an object such as { port: 9090 }',
  ],
  [
    'a service that is no object',
    "{ app: 'mlops', services: { api: './api.ts' } }",
    'services.api: got "./api.ts", expected an object such as { entry: "./services/ml-inference/server.ts", port: 8001 }',
  ],
  [
    'a service without a port',
    "{ app: 'mlops', services: { api: { entry: './api.ts' } } }",
    'services.api.port: got nothing, expected a port from 1 to 65535',
  ],
  [
    'a misspelt required key, as one mistake',
    "{ app: 'mlops', services: { api: { entry: './api.ts', prot: 1 } } }",
    'services.api.prot: unknown key. Did you mean "port"?',
  ],
  [
    'a misspelt source, as one mistake',
    "{ app: 'mlops', services: { api: { entyr: './api.ts', port: 8001 } } }",
    'services.api.entyr: unknown key. Did you mean "entry"?',
  ],
  [
    'a key that comes with a later version',
    withService("persist: '/data'"),
    'services.api.persist: unknown key. Expected one of entry, dockerfile, port, health, expose, auth, rateLimit, trustProxy, memoryMiB, environment, schema, needs, slo, measures',
  ],
  [
    'a health path that is none',
    withService("health: 'health; rm -rf /'"),
    'services.api.health: got "health; rm -rf /", expected a path such as "/health"',
  ],
  [
    'a misspelt expose',
    withService("expose: 'pubic'"),
    'services.api.expose: got "pubic", expected "public", "nobody" or a list of IPv4 CIDR blocks. Did you mean "public"?',
  ],
  [
    'an address without a prefix length',
    withService("expose: ['203.0.113.0/24', '203.0.113.7']"),
    'services.api.expose[1]: got "203.0.113.7", expected an IPv4 CIDR block such as "203.0.113.0/24"',
  ],
  [
    'an octet over 255',
    withService("expose: ['203.0.256.0/24']"),
    'services.api.expose[0]: got "203.0.256.0/24", expected an IPv4 CIDR block such as "203.0.113.0/24"',
  ],
  [
    'a memory limit under which nothing starts',
    withService('memoryMiB: 16'),
    'services.api.memoryMiB: got 16, expected a whole number of MiB, at least 32',
  ],
  [
    'an environment variable that is a list',
    withService('environment: { A: [1] }'),
    "services.api.environment.A: got [1], expected a text, a number, true, false or secret('NAME')",
  ],
  [
    'an environment variable that is NaN',
    withService('environment: { A: NaN }'),
    "services.api.environment.A: got NaN, expected a text, a number, true, false or secret('NAME')",
  ],
  [
    'an environment variable that no shell can name',
    withService("environment: { 'a-b': 1 }"),
    'services.api.environment.a-b: got "a-b", expected a variable name of letters, digits and underscores that does not start with a digit',
  ],
  [
    'an environment variable that every service gets',
    withService('environment: { PORT: 1 }'),
    'services.api.environment.PORT: got "PORT", expected another name: PORT, HOST, SERVICE_NAME, DATA_DIR, RELEASE_ID, SERVICE_AUTH, SERVICE_TOKEN, SERVICE_TOKEN_FILE, SERVICE_RATE_LIMIT, SERVICE_TRUST_PROXY are set for every service',
  ],
  ['a way in that there is not', withService("auth: 'basic'"), 'services.api.auth: got "basic", expected "none" or "token"'],
  [
    'a limit that is a number',
    withService('rateLimit: 10'),
    'services.api.rateLimit: got 10, expected an object such as { perSecond: 10, burst: 20 }',
  ],
  [
    'a limit without a burst',
    withService('rateLimit: { perSecond: 10 }'),
    'services.api.rateLimit.burst: got nothing, expected a whole number of requests from 1 to 1000000',
  ],
  [
    'a limit that lets nobody in',
    withService('rateLimit: { perSecond: 0, burst: 1 }'),
    'services.api.rateLimit.perSecond: got 0, expected a number of requests a second from 0.01 to 1000000',
  ],
  [
    'a proxy by its name',
    withService("trustProxy: ['proxy']"),
    'services.api.trustProxy[0]: got "proxy", expected an IPv4 CIDR block such as "203.0.113.0/24"',
  ],
  ['trust in everybody', withService('trustProxy: true'), 'services.api.trustProxy: got true, expected a list of IPv4 CIDR blocks'],
  [
    'trust in the whole world',
    withService("trustProxy: ['0.0.0.0/0']"),
    'services.api.trustProxy[0]: got "0.0.0.0/0", expected the blocks of your own proxies: from any other, anybody could claim to be anybody',
  ],
  [
    'a trusted block that names an address inside it',
    withService("trustProxy: ['10.0.0.7/16']"),
    'services.api.trustProxy[0]: got "10.0.0.7/16", expected 10.0.0.0/16 for the whole network, or 10.0.0.7/32 for the one address',
  ],
  [
    'a health check that would need the token',
    withService("auth: 'token', health: '/up'"),
    'services.api.health: got /up beside auth: "token", expected /health or /ready, which need no token',
  ],
  [
    'a service that needs itself',
    withService("needs: ['api']"),
    'services.api.needs: got api → api, expected services that do not wait for each other',
  ],
  [
    'a value that is a function',
    withService('memoryMiB: () => 1'),
    'services.api.memoryMiB: got a function, expected a whole number of MiB, at least 32',
  ],
  [
    'a shell port',
    withService('').replace('8001', '22'),
    'services.api.port: got 22, expected another port: 22 is a shell port, and a shell is reached through SSM alone',
  ],
  [
    'a port that needs root',
    withService('').replace('8001', '443'),
    'services.api.port: got 443, expected a port from 1024 on: containers do not run as root, and lower ports need it',
  ],
  [
    'both an entry and a dockerfile',
    withService("dockerfile: './store.ts'"),
    'services.api.dockerfile: got an entry and a dockerfile, expected one of the two',
  ],
  [
    'neither an entry nor a dockerfile',
    "{ app: 'mlops', services: { api: { port: 8001 } } }",
    'services.api: got neither an entry nor a dockerfile, expected one of the two',
  ],
  [
    'a name that a monitoring container has',
    withService('', 'grafana'),
    'services.grafana: got "grafana", expected another name: prometheus, grafana, alertmanager, node-exporter, secrets, kit are taken by the project itself',
  ],
  [
    'a service name with an underscore',
    withService('', 'my_api'),
    'services.my_api: got "my_api", expected at most 32 lowercase letters, digits and single hyphens, starting with a letter',
  ],
  [
    'an app name that AWS keeps to itself',
    withKeys('').replace("'mlops'", "'aws-shop'"),
    'app: got "aws-shop", expected a name that does not start with "aws", "ssm" or "sg-", which AWS keeps to itself',
  ],
  [
    'an app name that is too long for a role',
    withKeys('').replace('mlops', 'x'.repeat(33)),
    `app: got "${'x'.repeat(33)}", expected at most 32 lowercase letters, digits and single hyphens, starting with a letter`,
  ],
]

for (const [sentence, text, expected] of single) {
  test(`${sentence} is refused`, async () => {
    assert.is(await problem(text), expected)
  })
}

test('two services on one port are refused with both lines', async () => {
  const text = `{ app: 'mlops', services: {
    api: { entry: './api.ts', port: 8001 },
    store: { entry: './store.ts', port: 8001 },
  } }`
  const [first, second] = (await said(text)).split('\n')
  assert.is(first, 'mlops.config.ts:3  services.store.port')
  assert.is(second, '  got 8001, expected a port of its own: services.api.port has it (mlops.config.ts:2)')
})

test('a service on the written port of a monitoring server is refused, and one on a port that monitoring does not use is not', async () => {
  const clash = withKeys('monitoring: { grafana: { port: 8001 } }')
  assert.is(
    await problem(clash),
    'monitoring.grafana.port: got 8001, expected a port of its own: services.api.port has it (mlops.config.ts:1)',
  )
  assert.is(await said(withService('').replace('8001', '9090').replace(/}$/, ', monitoring: { prometheus: false } }')), 'nothing')
  assert.is(await said(withService('').replace('8001', '9093').replace(/}$/, ', monitoring: { prometheus: false } }')), 'nothing')
  assert.is(await said(withService('').replace('8001', '9090').replace(/}$/, ', monitoring: false }')), 'nothing')
})

test('services that wait for each other in a circle are refused once, with the circle', async () => {
  const service = (port: number, needs: string) => `{ entry: './api.ts', port: ${port}, needs: ['${needs}'] }`
  const text = `{ app: 'mlops', services: { first: ${service(8001, 'a')}, a: ${service(8002, 'b')}, b: ${service(8003, 'a')}, last: ${service(8004, 'b')} } }`
  assert.is(await problem(text), 'services.a.needs: got a → b → a, expected services that do not wait for each other')
})

test('an entry that is a folder, or in no folder, is refused with the absolute path that was looked at', async () => {
  const folder = await project({
    'mlops.config.ts': `export default ${withKeys('').replace('./api.ts', './services/api')}\n`,
    'services/api/x.ts': '',
  })
  assert.match(await said('', folder), `got "./services/api", expected a file: ${join(folder, 'services/api')} is a folder`)
  const none = await folderWith(withKeys('').replace('./api.ts', './nowhere/api.ts'))
  assert.match(await said('', none), `expected a file: there is none at ${join(none, 'nowhere/api.ts')}\n`)
})

test('a missing file with a near name beside it is suggested', async () => {
  assert.match(await said(withKeys('').replace('./api.ts', './apo.ts')), 'Did you mean "./api.ts"?')
})

test('a CIDR block that is not its own network is refused with the two that may have been meant', async () => {
  const expected = 'got "203.0.113.7/20", expected 203.0.112.0/20 for the whole network, or 203.0.113.7/32 for the one address'
  assert.is(await problem(withService("expose: ['203.0.113.7/20']")), `services.api.expose[0]: ${expected}`)
  assert.is(await problem(withKeys("monitoring: { expose: ['203.0.113.7/20'] }")), `monitoring.expose[0]: ${expected}`)
  assert.is(await said(withService("expose: ['0.0.0.0/0', '255.255.255.255/32', '128.0.0.0/1', '10.16.0.0/12']")), 'nothing')
})

test('instance types of every shape are taken', async () => {
  for (const type of [
    't3.micro',
    'c7g.2xlarge',
    'u-6tb1.metal',
    'mac2-m2pro.metal',
    'i4i.metal-32xl',
    'hpc6a.48xlarge',
    'm7i-flex.large',
  ]) {
    assert.is(await said(withKeys(`instance: { type: '${type}' }`)), 'nothing', type)
  }
})

test('regions of every partition are taken', async () => {
  for (const region of ['us-east-1', 'ap-southeast-1', 'us-gov-west-1', 'cn-north-1', 'us-isob-east-1', 'eusc-de-east-1']) {
    assert.is(await said(withKeys(`region: '${region}'`)), 'nothing', region)
  }
})

test.run()
