import { execFile } from 'node:child_process'
import { utimes, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { Config } from '../../config/config.ts'
import { images } from '../../config/images.ts'
import { loadConfig } from '../../src/load-config.ts'
import { exit, Failure } from '../../src/report/failure.ts'
import { importLine, project } from './project.fixture.ts'

const run = promisify(execFile)

const small = `${importLine}
export default defineConfig(({ stage }) => ({
  app: 'mlops',
  services: { api: { entry: './api.ts', port: 8001 } },
  protect: stage === 'prod',
}))
`

const load = (cwd: string, stage?: string): Promise<Config> => loadConfig({ cwd, stage, env: {} })

const failure = async (work: Promise<unknown>): Promise<Failure> => {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Failure)) throw new Error('there was no Failure', { cause: error })
  return error
}

test('the smallest config comes out with every default filled in and absolute paths', async () => {
  const folder = await project({ 'mlops.config.ts': small, 'api.ts': '' })
  assert.equal(await load(folder), {
    app: 'mlops',
    stage: 'local',
    target: 'local',
    region: 'us-east-1',
    tags: {},
    strategy: 'blue-green',
    instance: { type: 't3.small', fallbackTypes: [], diskGiB: 20, swapMiB: 0, credits: 'standard' },
    network: undefined,
    base: 'host',
    services: [
      {
        name: 'api',
        source: { entry: join(folder, 'api.ts') },
        port: 8001,
        health: '/health',
        expose: 'nobody',
        auth: 'none',
        rateLimit: undefined,
        trustProxy: [],
        memoryMiB: 256,
        environment: {},
        secrets: {},
        needs: [],
        slo: { availability: 0.995, latency: { p: 0.99, seconds: 0.25 } },
        measures: [],
      },
    ],
    monitoring: {
      expose: 'nobody',
      prometheus: { port: 9090, base: 'host', memoryMiB: 256 },
      grafana: { port: 3000, base: 'host', memoryMiB: 512 },
      alertmanager: { port: 9093, base: 'host', memoryMiB: 128 },
      nodeExporter: { port: 9100, base: 'host', memoryMiB: 64 },
      scrapeInterval: '5s',
      retention: '30d',
      alerts: { slack: undefined, webhook: undefined, email: undefined, heartbeat: undefined, runbooks: 'docs/alerts.md', settle: '3m' },
    },
    protect: false,
    file: join(folder, 'mlops.config.ts'),
    folder,
  })
})

test('every stage but local stands on AWS and on official images', async () => {
  const folder = await project({ 'mlops.config.ts': small, 'api.ts': '' })
  const { target, base, monitoring, protect } = await load(folder, 'prod')
  assert.equal([target, base, protect], ['aws', images.node, true])
  assert.equal([monitoring.prometheus?.base, monitoring.grafana?.base], [images.prometheus, images.grafana])
  assert.equal([monitoring.alertmanager?.base, monitoring.nodeExporter?.base], [images.alertmanager, images.nodeExporter])
})

test('what the config says wins over every default', async () => {
  const folder = await project({
    Dockerfile: '',
    'api.ts': '',
    'mlops.config.ts': `${importLine}
export default defineConfig({
  app: 'shop', region: 'us-gov-west-1', target: 'local', strategy: 'recreate', base: 'registry.example:5000/node:24@sha256:${'a'.repeat(64)}',
  instance: { type: 'u-6tb1.metal', fallbackTypes: ['m7i.large', 'm7i.large'], diskGiB: 9, swapMiB: 1024, credits: 'unlimited' },
  tags: { 'cost:centre': '47/11' },
  services: {
    store: { dockerfile: './Dockerfile', port: 8002, health: '/v1/ready', expose: ['10.0.0.0/8', '10.0.0.0/8'], memoryMiB: 64, slo: false },
    api: {
      entry: 'api.ts', port: 8001, expose: [], environment: { DEBUG: true, N: 3, TEXT: 'x', KEY: { secret: 'API_KEY' } }, needs: ['store', 'store'],
      slo: { availability: 0.9, latency: { seconds: 1 } }, measures: ['ingestion', 'ingestion'],
    },
  },
  monitoring: {
    prometheus: { port: 9191, base: 'host', memoryMiB: 512 }, grafana: false, alertmanager: { memoryMiB: 32 }, nodeExporter: false, expose: 'public',
    scrapeInterval: '15s', retention: '7d',
    alerts: {
      webhook: { url: { secret: 'HOOK' } },
      email: { to: 'ops@example.com', from: 'alerts@example.com', smarthost: 'mail.example.com:587' },
      heartbeat: { secret: 'HEARTBEAT' },
      runbooks: 'https://example.com/alerts',
      settle: '10s',
    },
  },
})
`,
  })
  const config = await load(folder, 'staging')
  assert.equal(
    [config.app, config.region, config.target, config.strategy, config.instance],
    [
      'shop',
      'us-gov-west-1',
      'local',
      'recreate',
      { type: 'u-6tb1.metal', fallbackTypes: ['m7i.large'], diskGiB: 9, swapMiB: 1024, credits: 'unlimited' },
    ],
  )
  assert.equal(
    config.services.map(({ name }) => name),
    ['store', 'api'],
  )
  assert.equal(config.tags, { 'cost:centre': '47/11' })
  const [store, api] = config.services
  assert.equal(store?.source, { dockerfile: join(folder, 'Dockerfile') })
  assert.equal([store?.health, store?.expose, store?.memoryMiB], ['/v1/ready', ['10.0.0.0/8'], 64])
  assert.equal([api?.expose, api?.environment, api?.needs], ['nobody', { DEBUG: 'true', N: '3', TEXT: 'x' }, ['store']])
  assert.equal(api?.secrets, { KEY: 'API_KEY' })
  assert.equal([store?.slo, api?.slo], [undefined, { availability: 0.9, latency: { p: 0.99, seconds: 1 } }])
  assert.equal(api?.measures, ['ingestion'])
  assert.equal(config.monitoring, {
    expose: 'public',
    prometheus: { port: 9191, base: 'host', memoryMiB: 512 },
    grafana: undefined,
    alertmanager: { port: 9093, base: images.alertmanager, memoryMiB: 32 },
    nodeExporter: undefined,
    scrapeInterval: '15s',
    retention: '7d',
    alerts: {
      slack: undefined,
      webhook: { url: { secret: 'HOOK' }, token: undefined },
      email: {
        to: ['ops@example.com'],
        from: 'alerts@example.com',
        smarthost: 'mail.example.com:587',
        username: undefined,
        password: undefined,
      },
      heartbeat: { secret: 'HEARTBEAT' },
      runbooks: 'https://example.com/alerts',
      settle: '10s',
    },
  })
})

test('a service measures what its entry says and nothing else, whatever its sources name', async () => {
  const folder = await project({
    'mlops.config.ts': `export default { app: 'mlops', services: {
      model: { entry: './model/server.ts', port: 8001, measures: ['predictions'] },
      silent: { entry: './model/server.ts', port: 8002 },
    } }`,
    'model/server.ts': "new Counter({ name: 'data_ingestion_total' })",
  })
  const { services } = await load(folder)
  assert.equal(
    services.map(({ measures }) => measures),
    [['predictions'], []],
  )
})

test('monitoring: false leaves every server out, and without Prometheus only Grafana is of use', async () => {
  const folder = await project({ 'mlops.config.ts': small.replace('protect', 'monitoring: false, protect'), 'api.ts': '' })
  const { prometheus, grafana, alertmanager, nodeExporter } = (await load(folder)).monitoring
  assert.equal([prometheus, grafana, alertmanager, nodeExporter], [undefined, undefined, undefined, undefined])
  const other = await project({ 'mlops.config.ts': small.replace('protect', 'monitoring: { prometheus: false }, protect'), 'api.ts': '' })
  const { monitoring } = await load(other)
  assert.equal([monitoring.grafana?.port, monitoring.alertmanager, monitoring.nodeExporter], [3000, undefined, undefined])
})

test('a config need not use defineConfig, and may be a plain object', async () => {
  const folder = await project({
    'mlops.config.ts': "export default { app: 'mlops', services: { api: { entry: './api.ts', port: 8001 } } }",
    'api.ts': '',
  })
  assert.is((await load(folder)).app, 'mlops')
})

test('another file than mlops.config.ts may be named', async () => {
  const folder = await project({ 'deploy/other.ts': small.replace("'mlops'", "'other'"), 'deploy/api.ts': '' })
  const config = await loadConfig({ cwd: folder, file: 'deploy/other.ts', env: {} })
  assert.equal([config.app, config.folder], ['other', join(folder, 'deploy')])
})

test('a config that was edited is read anew', async () => {
  const folder = await project({ 'mlops.config.ts': small, 'api.ts': '' })
  assert.is((await load(folder)).app, 'mlops')
  await writeFile(join(folder, 'mlops.config.ts'), small.replace("'mlops'", "'edited'"))
  await utimes(join(folder, 'mlops.config.ts'), 1e9, 1e9)
  assert.is((await load(folder)).app, 'edited')
})

test('the stage is the argument, then MLOPS_STAGE, then local', async () => {
  const cwd = await project({ 'mlops.config.ts': small, 'api.ts': '' })
  assert.is((await loadConfig({ cwd, stage: 'prod', env: { MLOPS_STAGE: 'staging' } })).stage, 'prod')
  assert.is((await loadConfig({ cwd, env: { MLOPS_STAGE: 'staging' } })).stage, 'staging')
  assert.is((await loadConfig({ cwd, env: { MLOPS_STAGE: '' } })).stage, 'local')
})

test('a bad stage name is refused with what is allowed and where it came from', async () => {
  const cwd = await project({ 'mlops.config.ts': small, 'api.ts': '' })
  for (const stage of ['', 'Prod', 'pr_1', '1st', 'a--b', 'a-', 'seventeen-letters', 'x/../y']) {
    const { message, code, details } = await failure(load(cwd, stage))
    assert.is(message, `${JSON.stringify(stage)} is not a stage name.`)
    assert.is(code, exit.usage)
    assert.is(details.on, 'the flag --stage')
    assert.is(details.likely, 'A stage name has at most 16 lowercase letters, digits and single hyphens, starting with a letter.')
  }
  const { details } = await failure(loadConfig({ cwd, env: { MLOPS_STAGE: 'Prod' } }))
  assert.is(details.on, 'the environment variable MLOPS_STAGE')
})

test('a config below what is no folder is as missing as any other', async () => {
  const folder = await project({ 'api.ts': '' })
  const { message } = await failure(loadConfig({ cwd: folder, file: 'api.ts/mlops.config.ts', env: {} }))
  assert.is(message, `There is no config file at ${folder}/api.ts/mlops.config.ts.`)
})

test('a config that could not be looked at is not a missing one', async () => {
  const folder = await project({})
  try {
    await loadConfig({ cwd: folder, file: 'x'.repeat(300), env: {} })
    assert.unreachable()
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, 'ENAMETOOLONG')
  }
})

test('a config outside the working directory is shown with its whole path', async () => {
  const folder = await project({ 'mlops.config.ts': small.replace('8001', '80'), 'api.ts': '' })
  const { message } = await failure(loadConfig({ cwd: join(folder, '..', 'elsewhere'), file: join(folder, 'mlops.config.ts'), env: {} }))
  assert.match(message, `${folder}/mlops.config.ts:4  services.api.port`)
})

test('a folder without a config is a failure that names the file that was looked for', async () => {
  const folder = await project({})
  const { message, code, details } = await failure(load(folder))
  assert.is(message, `There is no config file at ${folder}/mlops.config.ts.`)
  assert.is(code, exit.usage)
  assert.is(details.next, 'Change to the folder that holds mlops.config.ts, then run the command again.')
})

const broken: [sentence: string, text: string, message: string | RegExp][] = [
  ['does not parse', "export default {\n  app: 'mlops'\n  services: {},\n}\n", /^mlops\.config\.ts:3 does not parse: /],
  ['uses TypeScript that Node cannot strip', 'export default {}\n\nenum A { b }\n', /^mlops\.config\.ts:3 does not parse: .*enum/],
  ['throws when it is run', "export const a = 1\nthrow new Error('no such luck')\n", 'mlops.config.ts:2 threw an error: no such luck'],
  [
    'throws when it is asked for a stage',
    'export default () => {\n  const missing: any = undefined\n  return missing.services\n}\n',
    /^mlops\.config\.ts:3 threw an error: Cannot read properties of undefined/,
  ],
  ['throws something that is no error', "throw 'a text'\n", 'mlops.config.ts threw an error: a text'],
  [
    'imports a file that is not there',
    "const app = 'x'\nimport { services } from './nowhere.ts'\nexport default { app, services }\n",
    /^mlops\.config\.ts:2 imports what is not there: Cannot find module /,
  ],
  [
    'imports a name that is not there',
    "import { nothing } from './api.ts'\nexport default nothing\n",
    /^mlops\.config\.ts:1 does not parse: /,
  ],
]

for (const [sentence, text, message] of broken) {
  test(`a config that ${sentence} is a failure that names the line`, async () => {
    const folder = await project({ 'mlops.config.ts': text, 'api.ts': '' })
    const error = await failure(load(folder))
    if (typeof message === 'string') assert.is(error.message, message)
    else assert.match(error.message, message)
    assert.is(error.code, exit.usage)
    assert.match(error.details.next ?? '', /^Correct mlops\.config\.ts.*, then run the command again\. Nothing was changed in AWS\.$/)
    assert.ok(error.cause !== undefined)
  })
}

test('a config that exports nothing by default is a failure that says what to write', async () => {
  const folder = await project({ 'mlops.config.ts': small.replace('export default ', '') })
  const { message, code, details } = await failure(load(folder))
  assert.is(message, 'mlops.config.ts:1 has no default export.')
  assert.is(code, exit.usage)
  assert.is(details.next, 'Put "export default" before defineConfig in mlops.config.ts, then run the command again.')
})

test('the config of this project loads for every kind of stage', async () => {
  const folder = resolve(import.meta.dirname, '../..')
  const local = await load(folder)
  // The two that the project comes with; whoever adds one adds it behind them.
  assert.equal(
    local.services.slice(0, 2).map(({ name, port, expose }) => [name, port, expose]),
    [
      ['ml-inference', 8001, 'public'],
      ['data-ingestion', 8002, 'public'],
    ],
  )
  assert.is(local.monitoring.expose, 'public')
  const prod = await load(folder, 'prod')
  assert.equal([prod.monitoring.expose, prod.protect, prod.region], ['nobody', true, 'ap-southeast-1'])
})

test('loading prints nothing of its own', async () => {
  const folder = await project({ 'mlops.config.ts': small.replace('8001', '80'), 'api.ts': '' })
  const script = `import { loadConfig } from '${resolve(import.meta.dirname, '../../src/load-config.ts')}'
await loadConfig({ env: {} }).catch((error) => console.log(error.message))`
  await writeFile(join(folder, 'main.ts'), script)
  const { stdout, stderr } = await run(process.execPath, [join(folder, 'main.ts')], { cwd: folder })
  assert.is(stderr, '')
  assert.match(stdout, /^mlops\.config\.ts:4 {2}services\.api\.port\n/)
})

test.run()
