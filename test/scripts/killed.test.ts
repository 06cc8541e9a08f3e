// time limit: 480 s
import { cpSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { askCloud } from '../../src/local/admin/client.ts'
import { traffic, until } from '../support/client.ts'
import { kill, processesOf, treeOf } from '../support/processes.ts'
import { document, layProject, nothingRuns, type Running, webService } from '../support/project.ts'

const project = await layProject()
const address = `http://127.0.0.1:${project.ports[0]}/`

/** Asks until the service answers: the address leads nowhere while there is no cloud. */
const web = async () => (await fetch(address)).text()

/** A deploy that will be killed: its lock does not hold up the next command for longer than this many seconds. */
const startDeploy = () => project.start('deploy', [], { env: { MLOPS_LEASE_SECONDS: '8' } })

/** Kills a script with all that it has started and that still is its own. */
async function killTree({ child, ended }: Running): Promise<void> {
  kill(treeOf(child.pid!))
  await ended
}

/** Deploys and asserts that all is as if nothing had ever been killed. */
async function deployCleanly(version: string): Promise<void> {
  project.write({ 'services/web/server.ts': webService({ version }) })
  const { release } = document(await project.run('deploy', '--json'))
  assert.is(await web(), `version ${version}`)
  const status = document(await project.run('status', '--json'))
  assert.equal([status.release, status.leftovers, status.lock], [release, [], undefined])
  const machines = processesOf(project.folder).flatMap(({ environment }) => /MLOPS_INSTANCE=(i-\w+)/.exec(environment)?.[1] ?? [])
  if (process.platform === 'linux') assert.equal([...new Set(machines)], [status.machine.id])
}

test('a first deploy that is killed while resources are made, and the embedded cloud with it, does not hinder the next', async () => {
  const deploying = startDeploy()
  await deploying.says(/create {2}vpc {2}done/)
  await killTree(deploying)
  assert.equal(
    processesOf(project.folder).filter(({ command }) => command.includes('src/local/main.ts')),
    [],
  )
  await deployCleanly('1')
})

test('a deploy that is killed while it launches leaves the old release serving, and does not hinder the next', async () => {
  const deploying = startDeploy()
  await deploying.says(/launch {2}started/)
  await killTree(deploying)
  assert.is(await web(), 'version 1')
  const status = document(await project.run('status', '--json'))
  assert.equal(status.leftovers, [status.release + 1])
  await deployCleanly('2')
})

test('a deploy that is killed after the address has moved does not hinder the next', async () => {
  const deploying = startDeploy()
  await deploying.says(/retire {2}started/)
  await killTree(deploying)
  assert.is(await web(), 'version 2')
  await deployCleanly('3')
})

test('a deploy that is killed in the moment in which the address has moved serves, and every command knows it', async () => {
  project.write({ 'services/web/server.ts': webService({ version: '2b' }) })
  const before = document(await project.run('status', '--json')).release
  const cloud = join(project.state, 'cloud')
  const deploying = startDeploy()
  await askCloud(cloud, 'faults', { rules: [{ action: 'ec2:AssociateAddress', hold: 'after' }] })
  await until(async () => (await askCloud<{ rules: { held: number }[] }>(cloud, 'faults'))!.rules[0]!.held === 1, 60)
  await killTree(deploying)
  await askCloud(cloud, 'faults', { rules: [] })
  assert.is(await web(), 'version 2b')

  const release = before + 1
  const status = document(await project.run('status', '--json'))
  assert.equal([status.release, status.launched, status.services[0].state, status.leftovers], [release, true, 'healthy', [before]])
  assert.match(status.services[0].image, /^sha256:/)
  assert.match(status.deployed.by, '@')
  const outcomes = async () =>
    document(await project.run('history', '--json')).releases.map(({ release, outcome }: { release: number; outcome: string }) => [
      release,
      outcome,
    ])
  assert.equal((await outcomes())[0], [release, 'serving'])
  const verified = document(await project.run('verify', '--json'))
  const [inside] = verified.services[0].results
  assert.equal([inside.name, inside.ok], ['it is healthy on its machine', true])
  const plan = document(await project.run('plan', '--json')).plan
  assert.equal([plan.release, plan.replaces, plan.leftovers, plan.changes], [release + 1, release, [before], true])
  await deployCleanly('3')
  assert.equal((await outcomes()).slice(0, 2), [
    [release + 1, 'serving'],
    [release, 'serving'],
  ])
})

test('an interrupted deploy cleans up behind itself and ends with 130', async () => {
  const deploying = project.start('deploy')
  await deploying.says(/launch {2}started/)
  process.kill(-deploying.child.pid!, 'SIGINT')
  const { code, err } = await deploying.ended
  assert.is(code, 130, err)
  assert.match(err, '! Interrupted: cleaning up. Press Ctrl-C again to end at once.\n')
  assert.match(err, /✖ Interrupted\.\nRelease \d+ still serves; nothing changed for its users\.\n$/)
  const status = document(await project.run('status', '--json'))
  assert.equal([status.leftovers, status.lock, status.services[0].state], [[], undefined, 'healthy'])
  assert.is(await web(), 'version 3')
})

test('when the embedded cloud is killed, its ports stay open, and the next command says that it has started it again', async () => {
  const { pid } = JSON.parse(readFileSync(join(project.state, 'cloud/cloud.json'), 'utf8'))
  kill([pid])
  assert.is(await web(), 'version 3')
  const { code, out, err } = await project.run('status')
  assert.is(code, 0, err)
  assert.is(err, '! The embedded cloud had ended and was started again; its machines had gone on.\n')
  assert.match(out, /web +healthy/)
  assert.is(await web(), 'version 3')
})

test('a read-only command that replaces the cloud, because its code has changed, interrupts nobody', async () => {
  const pidOf = (program: string) => processesOf(project.folder).find(({ command }) => command.includes(program))!.pid
  const before = { cloud: pidOf('src/local/main.ts'), forwarder: pidOf('src/local/forwarder/main.ts') }
  // Modules are found from where a file really is, so everything that imports the source is copied with it.
  const parts = ['config', 'monitoring', 'scripts', 'src'].map((part) => join(project.folder, part))
  const links = parts.map((part) => readlinkSync(part))
  for (const [index, part] of parts.entries()) {
    rmSync(part)
    cpSync(links[index]!, part, { recursive: true })
  }
  project.write({ 'src/local/newer.ts': '// a newer version\n', 'src/local/forwarder/newer.ts': '// a newer version\n' })
  const during = project.run('status', '--json')
  const seen = await traffic(address, during)
  assert.is(document(await during).services[0].state, 'healthy')
  assert.equal(seen.failures, [])
  assert.is.not(pidOf('src/local/main.ts'), before.cloud)
  await until(() => !processesOf(project.folder).some(({ pid }) => pid === before.forwarder), 20)
  assert.ok(pidOf('src/local/forwarder/main.ts'))
  for (const [index, part] of parts.entries()) {
    rmSync(part, { recursive: true })
    symlinkSync(links[index]!, part)
  }
})

test('when everything was killed, as by a reboot, one status brings back all of it', async () => {
  const before = document(await project.run('status', '--json'))
  kill(processesOf(project.folder).map(({ pid }) => pid))
  const status = await project.run('status', '--json')
  assert.is(status.err, `! The embedded cloud had ended and was started again, and with it machine ${before.machine.id}.\n`)
  assert.equal(document(status), before)
  assert.is(await web(), 'version 3')
  await deployCleanly('4')
})

test('a destroy after a deploy that was killed leaves nothing', async () => {
  const deploying = startDeploy()
  await deploying.says(/launch {2}started/)
  await killTree(deploying)
  const { left } = document(await project.run('destroy', '--yes', '--all', '--json'))
  assert.equal(left, [])
  await nothingRuns(project)
})

test.run()
