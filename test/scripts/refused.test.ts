// time limit: 240 s
import { existsSync, readdirSync } from 'node:fs'
import { hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { processesOf } from '../support/processes.ts'
import { document, holdPort, layProject, webService } from '../support/project.ts'

const project = await layProject()

/** Nothing was made and nothing was started. */
function untouched(): void {
  assert.not(existsSync(project.state), 'there is no .mlops')
  assert.equal(processesOf(project.folder), [])
}

test('a config with five mistakes shows all five, each with its line, and nothing is touched', async () => {
  const wrong = `import { defineConfig } from './config/index.ts'

export default defineConfig({
  app: 'Shop_1',
  regoin: 'eu-west-1',
  instance: { type: 'huge' },
  services: {
    web: { entry: './services/web/nowhere.ts', port: 80000 },
  },
} as never)
`
  project.write({ 'mlops.config.ts': wrong })
  const shown = `✖ mlops.config.ts:4  app
  got "Shop_1", expected at most 32 lowercase letters, digits and single hyphens, starting with a letter
mlops.config.ts:5  regoin
  unknown key. Did you mean "region"?
mlops.config.ts:6  instance.type
  got "huge", expected an instance type such as "t3.small"
mlops.config.ts:8  services.web.port
  got 80000, expected a port from 1 to 65535
mlops.config.ts:8  services.web.entry
  got "./services/web/nowhere.ts", expected a file: there is none at ${project.folder}/services/web/nowhere.ts
5 problems in mlops.config.ts. Nothing was changed in AWS.
`
  const ended = await Promise.all(['deploy', 'plan', 'destroy', 'provision'].map((script) => project.run(script)))
  const inJson = await project.run('deploy', '--json')
  project.configure({})
  for (const { code, out, err } of ended) assert.equal([code, out, err], [2, '', shown])
  const { ok, error } = document(inJson, 2)
  assert.equal([ok, error], [false, { message: shown.slice(2, -1), code: 2 }])
  untouched()
})

test('a flag that does not exist is refused with the one that was probably meant', async () => {
  const [stage, verb, own, value] = await Promise.all([
    project.run('deploy', '--stgae', 'prod'),
    project.run('destroy', '--froce'),
    project.run('status', '--yes'),
    project.run('deploy', '--strategy', 'blue-gren'),
  ])
  assert.match(stage.err, /^✖ unknown flag --stgae\. Did you mean --stage\?\n/)
  assert.match(verb.err, /^✖ unknown flag --froce\. Did you mean --force\?\n/)
  assert.match(own.err, /^✖ unknown flag --yes\.\n/)
  assert.match(value.err, /got "blue-gren"\. Did you mean blue-green\?\n/)
  assert.equal(
    [stage, verb, own, value].map(({ code, out }) => [code, out]),
    Array.from({ length: 4 }, () => [2, '']),
  )
  untouched()
})

test('a stage that AWS could not name is refused', async () => {
  const { code, err } = await project.run('deploy', '--stage', 'Pre_Prod')
  assert.is(code, 2)
  assert.match(err, /^✖ "Pre_Prod" is not a stage name\.\n {2}on {6}the flag --stage\n/)
  assert.is((await project.start('status', [], { env: { MLOPS_STAGE: 'x y' } }).ended).code, 2)
  untouched()
})

test('every script helps, whatever else stands on its command line', async () => {
  const scripts = readdirSync(join(project.folder, 'scripts')).map((file) => file.replace('.mjs', ''))
  const helped = await Promise.all(scripts.map((script) => project.run(script, '--help', '--nonsense')))
  for (const [index, { code, out, err }] of helped.entries()) {
    assert.equal([code, err], [0, ''])
    assert.match(out, `Usage\n  npx zx scripts/${scripts[index]}.mjs`)
  }
  untouched()
})

test('destroy asks, and without a terminal and --yes it refuses at once', async () => {
  const { code, out, err } = await project.run('destroy')
  assert.equal([code, out], [2, ''])
  assert.match(
    err,
    /^✖ This needs an answer, and there is no terminal to ask on: Remove everything that stage local of shop has in AWS\?\n/,
  )
})

test('a port that another program holds is named, and nothing is changed', async () => {
  const [port, second] = project.ports as [number, number]
  const other = await holdPort(port, '127.0.0.1')
  const { code, err } = await project.run('deploy')
  other!.close()
  assert.is(code, 1)
  assert.match(
    err,
    new RegExp(
      `^✖ Port ${port} is held by another program on this machine\\. Nothing was changed\\.\\n {2}on {6}127\\.0\\.0\\.1:${port}\\n`,
    ),
  )
  const status = document(await project.run('status', '--json'))
  assert.equal([status.release, status.address, status.leftovers], [undefined, undefined, []])
  assert.ok(second)
})

test('provision makes a machine and launches nothing', async () => {
  const { ok, release, address } = document(await project.run('provision', '--json'))
  assert.equal([ok, release, address], [true, 1, '127.0.0.1'])
  const { code, out } = await project.run('status')
  assert.is(code, 0)
  assert.match(out, /^Stage local of shop has a machine at 127\.0\.0\.1 on which nothing was launched\./)
  const verified = await project.run('verify')
  assert.is(verified.code, 1)
  assert.match(verified.err, /^✖ Nothing serves, so there is nothing to verify\n/)
  assert.equal(document(await project.run('provision', '--json')).release, 1)
})

test('of two deploys at once one succeeds, and the other names who is at it', async () => {
  const both = await Promise.all([project.run('deploy'), project.run('deploy')])
  const [done, locked] = both.sort((a, b) => a.code! - b.code!) as [(typeof both)[0], (typeof both)[0]]
  assert.equal([done.code, locked.code], [0, 6], both.map(({ err }) => err).join('\n'))
  assert.match(locked.err, `✖ The stage is locked by ${userInfo().username}@${hostname()} (deploy)\n  on      stage local of shop\n`)
  const status = document(await project.run('status', '--json'))
  assert.equal([status.release, status.leftovers, status.lock], [2, [], undefined])
})

test('a port that another program holds does not harm the release that serves', async () => {
  const [port, second] = project.ports as [number, number]
  const services = {
    web: { entry: './services/web/server.ts', port, expose: 'public' },
    next: { entry: './services/next/server.ts', port: second, expose: 'public' },
  }
  project.write({ 'services/next/server.ts': webService({ version: 'next' }) })
  project.configure({ services })
  const other = await holdPort(second, '127.0.0.1')
  const { code, err } = await project.run('deploy')
  other!.close()
  assert.is(code, 1)
  assert.match(err, `Port ${second} is held by another program`)
  assert.is(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'version 1')
})

test('a protected stage is not destroyed by --yes alone', async () => {
  project.configure({ protect: true })
  const { code, err } = await project.run('destroy', '--yes')
  assert.is(code, 2, err)
  assert.is((await fetch(`http://127.0.0.1:${project.ports[0]}/`)).status, 200)
  assert.equal(document(await project.run('destroy', '--yes', '--force', '--all', '--json')).left, [])
})

test.run()
