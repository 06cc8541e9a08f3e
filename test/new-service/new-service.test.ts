// time limit: 180 s
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { loadConfig } from '../../src/load-config.ts'
import { freePort } from '../../src/new-service/free-port.ts'
import { makeService, readPort } from '../../src/new-service/new-service.ts'
import { exit, Failure } from '../../src/report/failure.ts'

const root = resolve(import.meta.dirname, '../..')
let folder: string

/** A config as people keep theirs, with a comment, entries on one line and on many, and a stage that differs. */
const text = `import { defineConfig } from './config/index.ts'

export default defineConfig(({ stage }) => ({
  app: 'mlops',

  // One entry here and one folder in services/ is all that a service needs.
  services: {
    'ml-inference': {
      entry: './services/ml-inference/server.ts',
      port: 8001,
      measures: ['predictions'],
    },
    'data-ingestion': { entry: './services/data-ingestion/server.ts', port: 8002, expose: 'public', measures: ['ingestion'] },
  },

  monitoring: { prometheus: { port: 9090 }, grafana: { port: 3000 }, expose: stage === 'local' ? 'public' : 'nobody' },
}))
`

/** A copy of what a service needs of the project. */
test.before.each(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'new-service-')))
  for (const part of ['config', 'scripts', 'services/kit', 'services/data-ingestion', 'services/ml-inference', 'src']) {
    await cp(join(root, part), join(folder, part), { recursive: true })
  }
  for (const file of ['package.json', 'tsconfig.json', 'biome.json', '.imports.grit']) await cp(join(root, file), join(folder, file))
  writeFileSync(join(folder, 'mlops.config.ts'), text)
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
})

test.after.each(() => rmSync(folder, { recursive: true, force: true }))

function run(program: string, ...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { NODE_V8_COVERAGE, ...env } = process.env
  return new Promise((done) => {
    execFile(program, words, { cwd: folder, env: { ...env, NO_COLOR: '1' } }, (error, stdout, stderr) =>
      done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
    )
  })
}

const make = (...words: string[]) => run(process.execPath, 'scripts/new-service.mjs', ...words)

test("a new service is in the config, which is otherwise as it was, passes its own tests and the project's checks", async () => {
  const { code, stdout, stderr } = await make('churn-rate')
  assert.is(code, 0, stderr)
  assert.is(
    stdout,
    'services/churn-rate/server.ts\nservices/churn-rate/app.ts\nservices/churn-rate/smoke.ts\nservices/churn-rate/app.test.ts\nmlops.config.ts\n',
  )
  const after = readFileSync(join(folder, 'mlops.config.ts'), 'utf8')
  const added = after.split('\n').filter((line) => !text.split('\n').includes(line))
  assert.equal(added, ["    'churn-rate': { entry: './services/churn-rate/server.ts', port: 8003, measures: [] },"])
  assert.is(after.replace(`${added[0]}\n`, ''), text)

  const config = await loadConfig({ cwd: folder, env: {} })
  assert.is(config.services.at(-1)?.name, 'churn-rate')
  assert.is(freePort(config), 8004)

  const tested = await run(process.execPath, 'services/churn-rate/app.test.ts')
  assert.is(tested.code, 0, tested.stdout)
  assert.match(tested.stdout, /Passed: +2/)
  const formatted = await run(
    process.execPath,
    'node_modules/@biomejs/biome/bin/biome',
    'check',
    '--error-on-warnings',
    '--vcs-enabled=false',
    'services/churn-rate',
    'mlops.config.ts',
  )
  assert.is(formatted.code, 0, formatted.stdout + formatted.stderr)
  const settings = { extends: './tsconfig.json', include: ['services/churn-rate/*.ts'] }
  writeFileSync(join(folder, 'tsconfig.new.json'), JSON.stringify(settings))
  const typed = await run(process.execPath, 'node_modules/typescript/bin/tsc', '--noEmit', '--project', 'tsconfig.new.json')
  assert.not.match(typed.stdout, 'services/churn-rate')
})

test('run twice it refuses', async () => {
  assert.is((await make('churn', '--port', '8010')).code, 0)
  const { code, stderr } = await make('churn')
  assert.is(code, 2, stderr)
  assert.match(stderr, 'There is a service churn already')
})

test('names and ports that are none are refused, and nothing is left behind', async () => {
  const refused: [name: string, port: string | undefined, reason: RegExp][] = [
    ['ml-inference', undefined, /There is a service ml-inference already/],
    ['kit', undefined, /There is a folder services\/kit already/],
    ['Churn_2', undefined, /"Churn_2" is no name of a service, expected at most 32 lowercase letters/],
    ['other', '80', /"80" is no port of a service/],
    ['other', '8002', /got 8002, expected a port of its own: services\.data-ingestion\.port has it/],
    ['prometheus', undefined, /expected another name: prometheus, grafana/],
  ]
  for (const [name, port, reason] of refused) {
    const error = await attempt(name, port)
    assert.is(error.code, exit.usage)
    assert.match(error.message, reason)
  }
  assert.is(readFileSync(join(folder, 'mlops.config.ts'), 'utf8'), text)
  assert.equal(readdirSync(join(folder, 'services')).sort(), ['data-ingestion', 'kit', 'ml-inference'])
  assert.not.ok(readdirSync(folder).some((name) => name.endsWith('.new')))
})

test('a config that only a person can add to is left alone, and the message says what to add', async () => {
  const written = text.replace('services: {', "services: stage === 'x' ? {} : {")
  writeFileSync(join(folder, 'mlops.config.ts'), written)
  const error = await attempt('churn', undefined)
  assert.match(error.message, 'The services of mlops.config.ts do not stand there as one object')
  assert.is(error.details.next, "Add it by hand: churn: { entry: './services/churn/server.ts', port: 8003, measures: [] }")
  assert.is(readFileSync(join(folder, 'mlops.config.ts'), 'utf8'), written)
  assert.not.ok(existsSync(join(folder, 'services', 'churn')))
})

test('an entry has the quotes of its file, and a port that nothing else has', async () => {
  const written = text.replaceAll("'", '"').replace('port: 8002', 'port: 9089')
  writeFileSync(join(folder, 'mlops.config.ts'), written)
  const { port } = await makeService(await loadConfig({ cwd: folder, env: {} }), 'churn')
  assert.is(port, 9091)
  const line = '    churn: { entry: "./services/churn/server.ts", port: 9091, measures: [] },\n'
  assert.is(readFileSync(join(folder, 'mlops.config.ts'), 'utf8').replace(line, ''), written)
})

/** The Failure with which making a service ends. */
async function attempt(name: string, port: string | undefined): Promise<Failure> {
  try {
    await makeService(await loadConfig({ cwd: folder, env: {} }), name, readPort(port))
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error(`${name} was made.`)
}

test.run()
