// time limit: 300 s
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { askCloud } from '../../src/local/admin/client.ts'
import { processesOf } from '../support/processes.ts'
import { document, layProject, type Project, webService } from '../support/project.ts'

/** The machines that run in a project, by the ids of their instances. */
function machines({ folder }: Project): string[] {
  const marks = processesOf(folder).flatMap(
    ({ command, environment }) => /MLOPS_INSTANCE=(i-\w+)/.exec(`${command} ${environment}`)?.[1] ?? [],
  )
  return [...new Set(marks)]
}

const project = await layProject()

test('the machine of a release that fails stays where that is asked for, and the failure says how to look and what it costs', async () => {
  project.write({ 'services/web/server.ts': webService({ starts: false }) })
  const { code, err } = await project.run('deploy', '--keep-failed')
  assert.is(code, 5, err)
  const [id] = machines(project)
  assert.match(err, /release 1: .*; the machine stays if the release fails\n/)
  assert.match(err, `Its machine ${id} is kept: npx zx scripts/session.mjs --release 1 opens a shell on it`)
  assert.match(err, 'It costs what a machine costs until the next deploy, which removes it.\n')
  assert.equal(document(await project.run('status', '--json')).leftovers, [1])
  const session = await project.start('session', ['--release', '1'], { input: 'docker logs web\nexit\n' }).ended
  assert.match(session.out, 'web 1 starts', session.err)
  const other = await project.run('session', '--release', '7')
  assert.match(other.err, 'Release 7 has no machine')
})

test('the plan of the next deploy says since when it is kept, and the deploy removes it', async () => {
  project.write({ 'services/web/server.ts': webService() })
  const [id] = machines(project)
  const plan = await project.run('plan')
  assert.match(plan.out, /- stack +release 1: it failed, and was kept for a look since \d{4}-\d\d-\d\dT[\d:.]+Z\n/)
  assert.is(document(await project.run('deploy', '--json')).release, 2)
  assert.equal([machines(project).length, machines(project).includes(id!)], [1, false])
  // The ledger says what the release runs on.
  const [last] = document(await project.run('history', '--json')).releases
  assert.match(last.machine.imageId, /^ami-/)
  assert.is(last.machine.engine, '28.2.2')
  assert.match((await project.run('status')).out, /^Machine i-\w+ is running: ami-\w+, docker 28\.2\.2\.$/m)
})

test('a release that fails before it has a machine leaves nothing, although it was to be kept', async () => {
  const none = { code: 'InvalidParameterCombination', message: 'no such machine' }
  await askCloud(join(project.state, 'cloud'), 'faults', { rules: [{ action: 'ec2:RunInstances', before: none }] })
  const { code, err } = await project.run('deploy', '--keep-failed')
  assert.is(code, 4, err)
  assert.match(err, 'no such machine')
  assert.not.match(err, 'is kept')
  assert.equal(document(await project.run('status', '--json')).leftovers, [])
})

test.run()
