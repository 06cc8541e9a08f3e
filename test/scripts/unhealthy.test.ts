// time limit: 480 s
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { processesOf } from '../support/processes.ts'
import { document, layProject, type Project, webService } from '../support/project.ts'

/** The machines that run in a project, by the ids of their instances. */
function machines({ folder }: Project): string[] {
  const marks = processesOf(folder).flatMap(
    ({ command, environment }) => /MLOPS_INSTANCE=(i-\w+)/.exec(`${command} ${environment}`)?.[1] ?? [],
  )
  return [...new Set(marks)]
}

const web = async ({ ports }: Project) => (await fetch(`http://127.0.0.1:${ports[0]}/`)).text()

// It takes a minute until a service that runs and does not get healthy is given up, so this goes on beside the other
// tests.
const sick = await layProject()
const sickened = sick.run('deploy').then((first) => {
  assert.is(first.code, 0, first.err)
  sick.write({ 'services/web/server.ts': webService({ version: '2', health: 503 }) })
  return sick.run('deploy')
})
sickened.catch(() => undefined)

const project = await layProject()

test('a first deploy of a service that ends by itself fails with 5, shows its last lines and the next command, and leaves no stack', async () => {
  project.write({ 'services/web/server.ts': webService({ starts: false }) })
  const { code, out, err } = await project.run('deploy')
  assert.equal([code, out], [5, ''])
  const report = err.slice(err.indexOf('✖'))
  assert.match(report, /^✖ Could not keep running web\nNothing serves now\.\n/)
  assert.match(report, /^ {2}on {6}container web, instance i-\w+, command [\w-]+$/m)
  assert.match(report, /│ web 1 starts\n.*│ the model file is missing\n/)
  assert.match(report, `  next    PORT=${project.ports[0]} npx node services/web/server.ts\n`)

  const status = document(await project.run('status', '--json'))
  assert.equal([status.release, status.leftovers, status.services[0].state], [undefined, [], 'not deployed'])
  assert.equal(machines(project), [])
})

test('after that a good deploy serves, as the next release', async () => {
  project.write({ 'services/web/server.ts': webService() })
  assert.is(document(await project.run('deploy', '--json')).release, 2)
  assert.is(await web(project), 'version 1')
})

test('a later deploy that fails says so in JSON too, with 4, and the old release still serves', async () => {
  project.write({ 'services/web/server.ts': webService({ version: '3', starts: false }) })
  const { ok, error } = document(await project.run('deploy', '--json'), 4)
  assert.is(ok, false)
  assert.match(error.message, /^Could not keep running web\nRelease 2 still serves; nothing changed for its users\.$/)
  assert.ok(error.log.includes('web 3 starts'))
  assert.is(error.code, 4)
  assert.is(await web(project), 'version 1')
  assert.is(machines(project).length, 1)
})

test('code that cannot be bundled fails with 4 before anything is launched, and names its line', async () => {
  project.write({ 'services/web/server.ts': `import { missing } from './missing.ts'\n\nmissing()\n` })
  const { code, err } = await project.run('deploy')
  assert.is(code, 4)
  assert.match(err, /✖ The service web could not be bundled: services\/web\/server\.ts:1:\d+ {2}Could not resolve "\.\/missing\.ts"\n/)
  assert.not.match(err, 'launch  started')
  assert.is(await web(project), 'version 1')
  const status = document(await project.run('status', '--json'))
  assert.equal([status.release, status.leftovers, status.services[0].state], [2, [], 'healthy'])
})

test('a service that is healthy for a moment and then ends is not promoted, whatever it answers once it is started again', async () => {
  project.write({ 'services/web/server.ts': webService({ version: '5', later: "console.log('the queue is full'); process.exit(1)" }) })
  const { code, err } = await project.run('deploy')
  assert.is(code, 4, err)
  const report = err.slice(err.indexOf('✖'))
  assert.match(report, /^✖ Got healthy and ended again within seconds: web\nRelease 2 still serves; nothing changed for its users\.\n/)
  assert.match(report, /│ the queue is full\n/)
  assert.is(await web(project), 'version 1')
})

test('nor is one that runs out of memory by then', async () => {
  const later = 'const kept = []; for (;;) kept.push(Array.from({ length: 10_000 }, () => ({ more: [] })))'
  project.write({ 'services/web/server.ts': webService({ version: '6', later }) })
  const { code, err } = await project.run('deploy')
  assert.is(code, 4, err)
  assert.match(err, /✖ (Got healthy and ended again within seconds|Got healthy and did not stay so): web\n/)
  assert.is(await web(project), 'version 1')
})

test('nor is one that gets unhealthy by then without ending, and what it answers is shown', async () => {
  project.write({ 'services/web/server.ts': webService({ version: '7', later: 'status = 500' }) })
  const { code, err } = await project.run('deploy')
  assert.is(code, 4, err)
  assert.match(err, '✖ Got healthy and did not stay so: web\n')
  assert.match(err, /│ health check: HTTP 500 \{"status":"healthy","service":"web"\}\n/)
  assert.is(await web(project), 'version 1')
})

test('history keeps the failures with their reasons', async () => {
  const { releases } = document(await project.run('history', '--json'))
  assert.equal(
    releases.map(({ release, outcome }: { release: number; outcome: string }) => [release, outcome]),
    [
      [7, 'failed'],
      [6, 'failed'],
      [5, 'failed'],
      [4, 'failed'],
      [3, 'failed'],
      [2, 'serving'],
      [1, 'failed'],
    ],
  )
  assert.match(releases[4].error, 'Could not keep running web')
})

test('a service that runs and does not get healthy fails with 4 after a minute, and the old release still serves', async () => {
  const { code, err, seconds } = await sickened
  assert.is(code, 4, err)
  const report = err.slice(err.indexOf('✖'))
  assert.match(report, /^✖ Did not get healthy in time: web\nRelease 1 still serves; nothing changed for its users\.\n/)
  assert.match(report, /│ health check: HTTP 503 \{"status":"healthy","service":"web"\}\n/)
  assert.match(report, /│ web 2 starts\n/)
  assert.match(report, `  next    PORT=${sick.ports[0]} npx node services/web/server.ts\n`)
  assert.ok(seconds < 90, `it took ${seconds} s`)
  assert.is(await web(sick), 'version 1')
  assert.is(machines(sick).length, 1)
  assert.equal(document(await sick.run('status', '--json')).leftovers, [])
})

test.run()
