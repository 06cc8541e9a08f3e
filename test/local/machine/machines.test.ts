// time limit: 240 s
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { shellEnvironment } from '../../../src/local/machine/environment.ts'
import { instanceFolder } from '../../../src/local/machine/folder.ts'
import { alive, identify, processesOf } from '../../../src/local/machine/process-table.ts'
import { createSmallCloud, until } from './small-cloud.fixture.ts'

const small = createSmallCloud()
const script = (text: string) => Buffer.from(text).toString('base64')
const fileOf = (id: string, name: string) => join(small.cloud.folder, 'instances', id, name)

test.after(() => small.end())

test('a pending instance becomes running, its agent registers, and it is terminated without a trace', async () => {
  const id = small.launch()
  await small.online(id)
  assert.is(small.instance(id).State, 'running')
  assert.ok(Date.parse(small.cloud.machines.online(id)!.since) <= Date.now())
  await small.sh(id, 'setsid sleep 1000 >/dev/null 2>&1 </dev/null & sleep 1000 >/dev/null 2>&1 </dev/null &')
  assert.ok(processesOf(id).length >= 3)
  await small.terminate(id)
  assert.is(processesOf(id).length, 0)
  assert.not.ok(existsSync(instanceFolder(small.cloud.folder, id).path))
  assert.type(small.instance(id).TerminatedAt, 'number')
  assert.is(small.cloud.machines.online(id), undefined)
})

test('user data runs once, at the first boot, if it is a script', async () => {
  const id = small.launch({ UserData: script('#!/bin/sh\necho "$MLOPS_ROOT" >> "$MLOPS_ROOT/booted"') })
  const other = small.launch({ UserData: script('just some text') })
  await Promise.all([small.online(id), small.online(other)])
  await until(() => existsSync(fileOf(id, 'user-data/result')), 'the user data has run')
  assert.is(readFileSync(fileOf(id, 'root/booted'), 'utf8'), `${fileOf(id, 'root')}\n`)
  small.cloud.store.put('instance', id, { ...small.instance(id), State: 'stopping' })
  small.cloud.machines.reconcile()
  await until(() => small.instance(id).State === 'stopped', 'it is stopped')
  assert.is(processesOf(id).length, 0)
  assert.is(
    small.ssm('DescribeInstanceInformation', {}).InstanceInformationList.find((each: { InstanceId: string }) => each.InstanceId === id)
      .PingStatus,
    'ConnectionLost',
  )
  small.cloud.store.put('instance', id, { ...small.instance(id), State: 'pending' })
  small.cloud.machines.reconcile()
  await small.online(id)
  assert.is((await small.sh(id, 'wc -l < "$MLOPS_ROOT/booted"')).StandardOutputContent.trim(), '1')
  assert.not.ok(existsSync(fileOf(other, 'user-data')))
  await Promise.all([small.terminate(id), small.terminate(other)])
})

test('without a public address there is no way out: the agent is lost, and commands to it are not delivered', async () => {
  const id = small.launch()
  await small.online(id)
  const own = small.instance(id)
  const information = () =>
    small.ssm('DescribeInstanceInformation', {}).InstanceInformationList.find((each: { InstanceId: string }) => each.InstanceId === id)
  const send = (commands: string[], TimeoutSeconds = 30) =>
    small.ssm('SendCommand', { DocumentName: 'AWS-RunShellScript', InstanceIds: [id], TimeoutSeconds, Parameters: { commands } }).Command
      .CommandId as string
  const get = (CommandId: string) => small.ssm('GetCommandInvocation', { CommandId, InstanceId: id })
  await until(() => small.instance(id).AgentRegistered, 'Systems Manager knows the agent')
  const running = send(['sleep 1; echo done'])
  await until(() => get(running).Status === 'InProgress', 'it runs')
  const { PublicIpAddress, ...cutOff } = small.instance(id)
  small.cloud.store.put('instance', id, cutOff)
  assert.is(information().PingStatus, 'ConnectionLost')
  assert.throws(() => small.ssm('StartSession', { Target: id }), /is not connected/)
  const undelivered = send(['echo never'])
  await until(() => get(undelivered).Status === 'Failed', 'it is given up')
  assert.is(get(undelivered).StatusDetails, 'Undeliverable')
  // What was sent while the agent still had its connection waits for it until its time is over.
  const { SentWhileLost, ...invocation } = small.cloud.store.get('invocation', `${undelivered}/${id}`)!
  const late = { ...invocation, CommandId: 'late', Status: 'Pending', StatusDetails: 'Pending', DeliverBefore: Date.now() + 500 } as const
  small.cloud.store.put('invocation', `late/${id}`, late)
  small.cloud.machines.deliver()
  await until(() => small.cloud.store.get('invocation', `late/${id}`)?.Status === 'TimedOut', 'its time is over')
  assert.is(small.cloud.store.get('invocation', `late/${id}`)?.StatusDetails, 'Delivery Timed Out')
  await sleep(1000)
  assert.is(get(running).Status, 'InProgress', 'its end is not heard of')
  // Another address: the agent notices after a while, and tells what it could not tell before.
  small.cloud.store.put('instance', id, { ...small.instance(id), PublicIpAddress: PublicIpAddress! })
  small.cloud.machines.reconcile()
  assert.is(information().PingStatus, 'ConnectionLost')
  await small.online(id)
  await until(() => get(running).Status === 'Success', 'the end of the command that ran is heard of')
  assert.is(get(running).StandardOutputContent, 'done\n')
  assert.equal({ ...small.instance(id), AgentRegistered: true }, { ...own, AgentRegistered: true })
  await small.terminate(id)
})

test('an instance that never had a way out is not known to Systems Manager', async () => {
  const id = small.launch()
  const { PublicIpAddress, ...cutOff } = small.instance(id)
  small.cloud.store.put('instance', id, cutOff)
  await small.running(id)
  const registration = () => existsSync(join(instanceFolder(small.cloud.folder, id).outbox, 'agent.json'))
  await until(registration, 'its agent runs')
  assert.not.ok(small.cloud.machines.online(id))
  const parameters = { DocumentName: 'AWS-RunShellScript', InstanceIds: [id], Parameters: { commands: ['true'] } }
  assert.throws(() => small.ssm('SendCommand', parameters), /not in a valid state/)
  await small.terminate(id)
})

test('a machine whose process dies is started again with its disk and its address; its commands fail honestly', async () => {
  const id = small.launch()
  await small.online(id)
  await small.sh(id, 'echo kept > "$MLOPS_ROOT/kept"; setsid sleep 1000 >/dev/null 2>&1 </dev/null &')
  const before = small.instance(id)
  const { Command } = small.ssm('SendCommand', {
    DocumentName: 'AWS-RunShellScript',
    InstanceIds: [id],
    Parameters: { commands: ['sleep 1000'] },
  })
  const get = () => small.ssm('GetCommandInvocation', { CommandId: Command.CommandId, InstanceId: id })
  await until(() => get().Status === 'InProgress', 'it runs')
  const leftovers = processesOf(id)
  process.kill(readdirPid(id), 'SIGKILL')
  await until(() => get().Status === 'Failed', 'its command has failed')
  assert.match(get().StandardErrorContent, /was switched off or ended/)
  // The agent of the machine that died is shown as online for a while.
  await until(() => small.cloud.machines.impaired(id) === undefined, 'it runs again')
  await small.online(id)
  assert.equal(small.instance(id), before)
  assert.equal(
    processesOf(id).filter((pid) => leftovers.includes(pid)),
    [],
    'nothing goes on as if nothing had happened',
  )
  assert.is((await small.sh(id, 'cat "$MLOPS_ROOT/kept"')).StandardOutputContent, 'kept\n')
  await small.terminate(id)
})

test('a machine that keeps ending is started again with pauses, is shown as impaired, and is back when it can run', async () => {
  const id = small.launch()
  await small.online(id)
  const program = fileOf(id, 'bin')
  // Where the folder of its programs cannot be made, it cannot boot.
  rmSync(program, { recursive: true, force: true })
  writeFileSync(program, '')
  const starts = () => readFileSync(fileOf(id, 'machine.log'), 'utf8').split('EEXIST').length
  process.kill(readdirPid(id), 'SIGKILL')
  await until(() => starts() > 4, 'it was tried')
  assert.is(small.instance(id).State, 'running')
  const { since } = small.cloud.machines.impaired(id)!
  assert.ok(Date.parse(since) <= Date.now())
  const [tried, from] = [starts(), Date.now()]
  await sleep(3000)
  assert.ok(starts() - tried <= 8, `${starts() - tried} starts in ${Date.now() - from} ms`)
  rmSync(program)
  await small.online(id)
  await small.terminate(id)
})

test('an instance that is rebooted keeps its disk and loses its memory, and stays running', async () => {
  const id = small.launch()
  await small.online(id)
  await small.sh(id, 'echo kept > "$MLOPS_ROOT/kept"; docker volume create --opt type=tmpfs --opt device=tmpfs memory')
  const memory = (await small.sh(id, 'docker volume inspect -f "{{.Mountpoint}}" memory')).StandardOutputContent.trim()
  writeFileSync(join(memory, 'secret'), '')
  small.cloud.machines.reboot(id)
  await until(() => readdirSync(memory).length === 0, 'its memory is empty')
  assert.is(small.instance(id).State, 'running')
  assert.is((await small.sh(id, 'cat "$MLOPS_ROOT/kept"')).StandardOutputContent, 'kept\n')
  await small.terminate(id)
})

test('a machine that hangs and does not reboot by itself has its power cut, and is started again with its disk', async () => {
  const id = small.launch()
  await small.online(id)
  await small.sh(id, 'echo kept > "$MLOPS_ROOT/kept"')
  const hanging = identify(readdirPid(id))!
  process.kill(hanging.pid, 'SIGSTOP')
  small.cloud.machines.reboot(id)
  await until(() => !alive(hanging), 'it has no power')
  await until(() => small.cloud.machines.impaired(id) === undefined, 'it runs again')
  await small.online(id)
  assert.is((await small.sh(id, 'cat "$MLOPS_ROOT/kept"')).StandardOutputContent, 'kept\n')
  await small.terminate(id)
})

test('a cloud that comes back finds its machines and what they have done meanwhile, and starts again what has ended', async () => {
  const id = small.launch()
  const dead = small.launch()
  await Promise.all([small.online(id), small.online(dead)])
  const send = (text: string) =>
    small.ssm('SendCommand', { DocumentName: 'AWS-RunShellScript', InstanceIds: [id], Parameters: { commands: [text] } }).Command.CommandId
  const running = send('until test -f "$MLOPS_ROOT/go"; do sleep 0.02; done; echo done')
  const get = (CommandId: string) => small.ssm('GetCommandInvocation', { CommandId, InstanceId: id })
  await until(() => get(running).Status === 'InProgress', 'it runs')
  const { pid } = JSON.parse(readFileSync(fileOf(id, 'outbox/process.json'), 'utf8'))
  await small.cloud.machines.detach()
  // While the cloud is away, one machine finishes its command and another one dies.
  writeFileSync(fileOf(id, 'root/go'), '')
  process.kill(JSON.parse(readFileSync(fileOf(dead, 'outbox/process.json'), 'utf8')).pid, 'SIGKILL')
  await until(() => readFileSync(fileOf(id, `outbox/${running}.json`), 'utf8').includes('"ended"'), 'the machine has finished')
  assert.is(get(running).Status, 'InProgress')
  await small.restart()
  await until(() => get(running).Status === 'Success', 'the outcome is collected')
  assert.is(get(running).StandardOutputContent, 'done\n')
  assert.is(JSON.parse(readFileSync(fileOf(id, 'outbox/process.json'), 'utf8')).pid, pid)
  await small.online(dead)
  assert.equal([small.instance(id).State, small.instance(dead).State], ['running', 'running'])
  assert.is((await small.sh(id, 'echo again')).StandardOutputContent, 'again\n')
  await Promise.all([small.terminate(id), small.terminate(dead)])
})

test('what the store does not know any more is killed and removed by the cloud that comes next', async () => {
  const id = small.launch()
  await small.online(id)
  await small.cloud.machines.detach()
  small.cloud.store.delete('instance', id)
  await small.restart()
  await until(() => !existsSync(instanceFolder(small.cloud.folder, id).path), 'its folder is gone')
  assert.is(processesOf(id).length, 0)
})

test('a machine whose folder is removed by hand ends by itself, and a new one has nothing of it', async () => {
  const id = small.launch()
  await small.online(id)
  const before = readdirPid(id)
  rmSync(instanceFolder(small.cloud.folder, id).path, { recursive: true, force: true })
  await until(() => !processesOf(id).includes(before), 'its process is gone')
  await until(() => existsSync(fileOf(id, 'outbox/agent.json')), 'another one runs')
  await small.terminate(id)
})

test('what was left in memory by a project that was killed and removed goes with the cloud that comes next', async () => {
  const left = '/dev/shm/mlops-i-0123456789abcdef0'
  if (!existsSync('/dev/shm')) return console.log('\nskipped: this system has no folder in memory for everybody')
  mkdirSync(left, { mode: 0o700 })
  writeFileSync(join(left, '.owner'), join(small.cloud.folder, 'instances/i-0123456789abcdef0/docker'))
  await small.restart()
  await until(() => !existsSync(left), 'it is gone')
})

test('the agent of a machine that boots slowly registers later', async () => {
  process.env.MLOPS_BOOT_SECONDS = '2'
  const id = small.launch()
  await small.running(id)
  delete process.env.MLOPS_BOOT_SECONDS
  assert.is(small.cloud.machines.online(id), undefined)
  assert.throws(
    () => small.ssm('SendCommand', { DocumentName: 'AWS-RunShellScript', InstanceIds: [id], Parameters: { commands: ['true'] } }),
    (error: { code: string }) => error.code === 'InvalidInstanceId',
  )
  await small.online(id)
  await small.terminate(id)
})

test('an instance without a role, or whose role may not register, runs but is never online', async () => {
  const without = small.launch({ IamInstanceProfileArn: 'arn:aws:iam::000000000000:instance-profile/none' })
  const fine = small.launch()
  await Promise.all([small.running(without), small.online(fine)])
  await until(() => existsSync(fileOf(without, 'outbox/agent.json')), 'its agent has started')
  assert.is(small.cloud.machines.online(without), undefined)
  await Promise.all([small.terminate(without), small.terminate(fine)])
  const strict = createSmallCloud({ denied: ['ssm:UpdateInstanceInformation'] })
  const denied = strict.launch()
  await strict.running(denied)
  await until(() => existsSync(join(strict.cloud.folder, 'instances', denied, 'outbox/agent.json')), 'its agent has started')
  assert.is(strict.cloud.machines.online(denied), undefined)
  await strict.end()
})

test('a machine that cannot boot is terminated, as AWS does with one that fails to launch', async () => {
  // An address that this machine does not have cannot be listened on.
  const id = small.launch({ PrivateIpAddress: '192.0.2.1' })
  await until(() => small.instance(id).State === 'terminated', 'it is terminated')
  assert.match(small.instance(id).StateReason!.Message, /Internal error on launch/)
})

test('a command that cannot be delivered in time is timed out; a cancelled one is never delivered', async () => {
  const id = small.launch()
  await small.online(id)
  await small.cloud.machines.detach()
  const send = () =>
    small.ssm('SendCommand', { DocumentName: 'AWS-RunShellScript', InstanceIds: [id], Parameters: { commands: ['echo never'] } }).Command
      .CommandId
  const [late, cancelled] = [send(), send()]
  const record = (command: string) => small.cloud.store.get('invocation', `${command}/${id}`)!
  small.cloud.store.put('invocation', `${late}/${id}`, { ...record(late), DeliverBefore: Date.now() - 1 })
  small.ssm('CancelCommand', { CommandId: cancelled })
  await small.restart()
  await until(() => record(late).Status === 'TimedOut', 'it is given up')
  assert.is(record(late).StatusDetails, 'Delivery Timed Out')
  assert.is(record(cancelled).Status, 'Cancelled')
  await small.terminate(id)
})

test('a session’s shell stands in the instance’s root with the instance’s environment', async () => {
  const id = small.launch()
  await small.online(id)
  const { cwd, env } = shellEnvironment(instanceFolder(small.cloud.folder, id).path)
  assert.is(cwd, fileOf(id, 'root'))
  assert.is(env.HOME, cwd)
  assert.match(env.PATH!, new RegExp(`^${fileOf(id, 'bin')}:`))
  assert.throws(() => shellEnvironment('/nowhere'), /is not the folder of an instance/)
  await small.terminate(id)
})

test('what a folder needs is kept from others', async () => {
  const id = small.launch()
  await small.online(id)
  const { statSync } = await import('node:fs')
  for (const name of ['settings.json', 'credentials.json', 'docker.sock']) assert.is(statSync(fileOf(id, name)).mode & 0o077, 0, name)
  if (existsSync('/proc')) assert.not.match(readFileSync(`/proc/${readdirPid(id)}/cmdline`, 'utf8'), /secret|token/)
  await small.terminate(id)
})

test('a process is told apart from a later one of the same number', () => {
  const self = identify(process.pid)!
  assert.ok(alive(self))
  assert.not.ok(alive({ ...self, started: 'earlier' }))
  assert.is(identify(2 ** 22 + 1), undefined)
})

test('when the cloud is stopped, its instances are switched off with it; the next cloud starts those that ran', async () => {
  const [id, stopped] = [small.launch(), small.launch()]
  await Promise.all([small.online(id), small.online(stopped)])
  small.cloud.store.put('instance', stopped, { ...small.instance(stopped), State: 'stopping' })
  await small.cloud.machines.close()
  assert.equal([...processesOf(id), ...processesOf(stopped)], [])
  await small.restart()
  await small.online(id)
  assert.is(small.instance(stopped).State, 'stopped')
  await Promise.all([small.terminate(id), small.terminate(stopped)])
})

test('an instance that was stopped and cannot be started is stopped again, with its disk and the reason', async () => {
  const id = small.launch()
  await small.online(id)
  small.cloud.store.put('instance', id, { ...small.instance(id), State: 'stopping' })
  small.cloud.machines.reconcile()
  await until(() => small.instance(id).State === 'stopped', 'it is stopped')
  rmSync(fileOf(id, 'bin'), { recursive: true })
  writeFileSync(fileOf(id, 'bin'), '')
  small.cloud.store.put('instance', id, { ...small.instance(id), State: 'pending' })
  small.cloud.machines.reconcile()
  await until(() => small.instance(id).State === 'stopped', 'it is stopped again')
  assert.match(small.instance(id).StateReason!.Message, /^Server.InternalError: Internal error on launch/)
  assert.ok(existsSync(fileOf(id, 'root')))
  await small.terminate(id)
})

test('ports that another program holds are told', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as { port: number }
  assert.equal(await small.cloud.machines.taken('127.0.0.1', [port]), [port])
  await new Promise((resolve) => other.close(resolve))
  assert.equal(await small.cloud.machines.taken('127.0.0.1', [port]), [])
})

function readdirPid(id: string): number {
  assert.ok(readdirSync(fileOf(id, 'outbox')).includes('process.json'))
  return JSON.parse(readFileSync(fileOf(id, 'outbox/process.json'), 'utf8')).pid
}

test.run()
