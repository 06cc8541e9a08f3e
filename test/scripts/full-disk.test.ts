// time limit: 400 s
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { until } from '../support/client.ts'
import { kill, processesOf } from '../support/processes.ts'
import { document, layProject, nothingRuns, webService } from '../support/project.ts'
import { smallDisk } from '../support/small-disk.ts'

const disk = smallDisk(800)

test('a full disk fails a deploy with a clear error, and all is as before when there is room again', async () => {
  if (!disk) return console.log('not tested: this system does not let us mount a small disk')
  const project = await layProject({ wrapper: disk.wrapper })
  const theProcess = (program: string) =>
    processesOf(project.folder).find(({ command, environment }) => `${command}\0${environment}`.includes(program))!.pid
  const web = async () => (await fetch(`http://127.0.0.1:${project.ports[0]}/`)).text()
  mkdirSync(project.state)
  await disk.mount(project.state)
  try {
    assert.is(document(await project.run('deploy', '--json')).release, 1)
    project.write({ 'services/web/server.ts': webService({ version: '2' }) })

    // No room at all: nothing can be begun.
    disk.fill()
    const none = await project.run('deploy')
    assert.is(none.code, 1)
    const cloud = join(project.state, 'cloud')
    // Whether SQLite meets the end of the disk in a file of its own or in the log of one decides between its two words
    // for it.
    const full = new RegExp(
      `InsufficientStorage: The disk that holds ${cloud} (is full|cannot be written to)\\. Nothing was changed\\. Free some space there, then run the same command again: df -h ${cloud}\n`,
    )
    assert.match(none.err, full)
    const secret = project.start('secret', ['set', 'TOKEN'], { input: 'a value' })
    assert.match((await secret.ended).err, full)
    assert.is(await web(), 'version 1')
    assert.is(document(await project.run('status', '--json')).services[0].state, 'healthy')

    // Every process writes to logs that have no room, and what is killed is started again all the same.
    const [machine, forwarder] = [theProcess('src/local/machine/main.ts'), theProcess('src/local/forwarder/main.ts')]
    for (let count = 0; count < 5; count++) {
      kill([theProcess('SERVICE_NAME=web')])
      await until(async () => (await web().catch(() => '')) === 'version 1', 20)
    }
    kill([forwarder])
    await until(async () => (await web().catch(() => '')) === 'version 1', 20)
    assert.is.not(theProcess('src/local/forwarder/main.ts'), forwarder)
    assert.is(theProcess('src/local/machine/main.ts'), machine)

    // There is room again: nothing has to be told so.
    disk.clear()
    kill([theProcess('SERVICE_NAME=web')])
    await until(async () => (await web().catch(() => '')) === 'version 1', 20)
    const logs = await project.run('logs', 'web')
    assert.match(logs.out, /web 1 starts\nthe model file is missing\n$/)
    assert.is((await project.start('secret', ['set', 'TOKEN'], { input: 'a value' }).ended).code, 0)

    // A machine that ends while there is no room comes back by itself when there is.
    disk.fill()
    kill([machine])
    await until(() => !processesOf(project.folder).some(({ pid }) => pid === machine), 20)
    disk.clear()
    await until(async () => (await web().catch(() => '')) === 'version 1', 30)
    disk.fill()

    // A cloud that has to start there says what is wrong, and has lost nothing.
    kill(processesOf(project.folder).flatMap(({ pid, command }) => (command.includes('src/local/main.ts') ? [pid] : [])))
    const start = await project.run('status')
    assert.is(start.code, 1)
    assert.match(
      start.err,
      /^✖ The disk is full: the embedded cloud cannot keep its state\. What it had is intact\.\n.*\n {2}next {4}df -h /,
    )

    // Room for the state and not for a second machine: the deploy begins, fails and goes back.
    disk.clear()
    disk.fill(40)
    const little = await project.run('deploy')
    assert.is(little.code, 4, little.err)
    assert.match(little.err, /│ .*no space left on device/)
    assert.match(little.err, 'Release 1 still serves; nothing changed for its users.')
    assert.is(await web(), 'version 1')

    disk.clear()
    const { release } = document(await project.run('deploy', '--json'))
    assert.is(await web(), 'version 2')
    const status = document(await project.run('status', '--json'))
    assert.equal([status.release, status.leftovers], [release, []])
    assert.equal(document(await project.run('destroy', '--yes', '--all', '--json')).left, [])
    await nothingRuns(project)
  } finally {
    disk.close()
  }
})

test.run()
