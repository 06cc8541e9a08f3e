import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { processesOf } from '../../../../src/local/machine/process-table.ts'
import { createSmallCloud, until } from '../small-cloud.fixture.ts'

const small = createSmallCloud()
let id: string

test.before(async () => {
  id = small.launch()
  await small.online(id)
})
test.after(() => small.end())

test('a script that ends with 0 is a success, with its output and times', async () => {
  const result = await small.sh(id, 'echo one\necho two >&2')
  assert.is(result.Status, 'Success')
  assert.is(result.StatusDetails, 'Success')
  assert.is(result.ResponseCode, 0)
  assert.is(result.StandardOutputContent, 'one\n')
  assert.is(result.StandardErrorContent, 'two\n')
  assert.match(result.ExecutionStartDateTime, /^\d{4}-\d\d-\d\dT.*Z$/)
  assert.match(result.ExecutionElapsedTime, /^PT[\d.]+S$/)
})

test('there is no set -e: the exit code is the last command’s', async () => {
  assert.is((await small.sh(id, 'false\ntrue')).Status, 'Success')
})

test('another exit code is a failure, and the agent says so on stderr', async () => {
  const result = await small.sh(id, 'echo broken >&2\nexit 3')
  assert.is(result.Status, 'Failed')
  assert.is(result.ResponseCode, 3)
  assert.is(result.StandardErrorContent, 'broken\nfailed to run commands: exit status 3')
})

test('the exit codes 168, 169 and 137 mean what the agent makes of them', async () => {
  assert.equal(await short('exit 168'), ['Success', 'Success', 168])
  assert.equal(await short('exit 169'), ['Failed', 'Failed', 169])
  assert.equal(await short('exit 137'), ['TimedOut', 'Execution Timed Out', 137])
})

test('exit code 194 restarts the machine and runs the script again from the top', async () => {
  const script =
    'echo run\ntest -f "$MLOPS_ROOT/again" && exit 0\nsleep 1000 >/dev/null 2>&1 </dev/null &\ntouch "$MLOPS_ROOT/again"\nexit 194'
  const result = await small.sh(id, script)
  assert.is(result.Status, 'Success')
  assert.is(result.StandardOutputContent, 'run\n')
  assert.is(processesOf(id).length, 1, 'the background process did not survive the reboot')
})

test('the environment is the agent’s: no HOME, the ids, the root, AWS’s endpoint, and nothing of the user’s own', async () => {
  process.env.SOMETHING_OF_THE_USER = 'secret'
  const { StandardOutputContent } = await small.sh(
    id,
    'env -0 | tr "\\0" "\\n" | cut -d= -f1 | sort | tr "\\n" " "; echo; echo "$AWS_SSM_INSTANCE_ID"',
  )
  delete process.env.SOMETHING_OF_THE_USER
  const [names = '', instance] = StandardOutputContent.split('\n')
  const expected = ['AWS_EC2_METADATA_SERVICE_ENDPOINT', 'AWS_ENDPOINT_URL', 'AWS_REGION', 'AWS_SSM_INSTANCE_ID', 'AWS_SSM_PLATFORM_NAME']
  for (const name of [...expected, 'MLOPS_ROOT', 'PATH', 'SSM_COMMAND_ID']) assert.ok(names.split(' ').includes(name), name)
  for (const name of ['HOME', 'SOMETHING_OF_THE_USER', 'USER']) assert.not.ok(names.split(' ').includes(name), name)
  assert.is(instance, id)
})

test('a first line with #! is honoured, otherwise the script is run by sh', async () => {
  const script = `#!${process.execPath}\nconsole.log(typeof process)`
  assert.is((await small.sh(id, script)).StandardOutputContent, 'object\n')
})

test('it runs in the working directory that was asked for', async () => {
  const result = await small.sh(id, 'pwd', { workingDirectory: ['/'] })
  assert.is(result.StandardOutputContent, '/\n')
  const wrong = await small.sh(id, 'pwd', { workingDirectory: ['/no/such/folder'] })
  assert.is(wrong.Status, 'Failed')
  assert.match(wrong.StandardErrorContent, /\/no\/such\/folder does not exist/)
})

test('only the heads of the output are kept: 24,000 and 8,000 characters; a listing shows 2,500', async () => {
  const script = 'head -c 30000 /dev/zero | tr "\\0" a\nhead -c 30000 /dev/zero | tr "\\0" b >&2'
  const result = await small.sh(id, script)
  assert.is(result.StandardOutputContent.length, 24_000)
  assert.is(result.StandardErrorContent.length, 8_000)
  const { CommandInvocations } = small.ssm('ListCommandInvocations', { CommandId: result.CommandId, Details: true })
  assert.is(CommandInvocations[0].CommandPlugins[0].Output.length, 2500)
  assert.match(CommandInvocations[0].CommandPlugins[0].Output, /---Output truncated---$/)
})

test('a script that runs for too long is killed with its whole group', async () => {
  const { Command } = send('sleep 100 & sleep 100', { executionTimeout: ['5'] })
  const started = Date.now()
  await until(() => get(Command).Status === 'InProgress', 'it runs')
  await until(() => get(Command).Status === 'TimedOut', 'it is timed out')
  assert.ok(Date.now() - started < 8000)
  assert.is(get(Command).StatusDetails, 'Execution Timed Out')
  await until(() => processesOf(id).length === 1, 'only the machine itself is left')
})

test('a cancelled command is killed', async () => {
  const { Command } = send('echo begun\nsleep 100')
  await until(() => get(Command).Status === 'InProgress', 'it runs')
  small.ssm('CancelCommand', { CommandId: Command.CommandId })
  await until(() => get(Command).Status === 'Cancelled', 'it is cancelled')
  await until(() => processesOf(id).length === 1, 'only the machine itself is left')
  small.ssm('CancelCommand', { CommandId: Command.CommandId })
  assert.is(get(Command).Status, 'Cancelled')
})

test('a background child that keeps the output open keeps the command in progress', async () => {
  const { Command } = send('(while ! test -f "$MLOPS_ROOT/go"; do sleep 0.05; done; echo late) &\necho early')
  await until(() => get(Command).Status === 'InProgress', 'it runs')
  await small.sh(id, 'touch "$MLOPS_ROOT/go"')
  await until(() => get(Command).Status === 'Success', 'it ends')
  assert.is(get(Command).StandardOutputContent, 'early\nlate\n')
})

test('five commands run at once, a sixth waits', async () => {
  const wait = 'echo x >> "$MLOPS_ROOT/begun"; while ! test -f "$MLOPS_ROOT/all"; do sleep 0.05; done'
  const sent = Array.from({ length: 6 }, () => send(wait).Command)
  await until(() => sent.filter((command) => get(command).Status === 'InProgress').length === 5, 'five run')
  assert.is(sent.filter((command) => get(command).Status === 'Pending').length, 1)
  const pending = sent.find((command) => get(command).Status === 'Pending')!
  small.ssm('CancelCommand', { CommandId: pending.CommandId, InstanceIds: [id] })
  await until(() => get(pending).Status === 'Cancelled', 'the waiting one is cancelled')
  const { writeFileSync } = await import('node:fs')
  writeFileSync(`${small.cloud.folder}/instances/${id}/root/all`, '')
  await until(() => sent.every((command) => ['Success', 'Cancelled'].includes(get(command).Status)), 'all end')
})

test('commands and invocations are listed, newest first, by pages and filters', () => {
  const all = small.ssm('ListCommands', {}).Commands
  assert.ok(all.length > 10)
  assert.ok(all[0].RequestedDateTime >= all[1].RequestedDateTime)
  assert.type(all[0].RequestedDateTime, 'number')
  const first = small.ssm('ListCommands', { MaxResults: 2 })
  assert.is(first.Commands.length, 2)
  const second = small.ssm('ListCommands', { MaxResults: 2, NextToken: first.NextToken })
  assert.is(second.Commands[0].CommandId, all[2].CommandId)
  const failed = small.ssm('ListCommands', { Filters: [{ key: 'Status', value: 'Failed' }] }).Commands
  assert.ok(failed.length >= 2 && failed.every(({ Status }: { Status: string }) => Status === 'Failed'))
  assert.is(small.ssm('ListCommandInvocations', { CommandId: all[0].CommandId }).CommandInvocations.length, 1)
  refused(() => small.ssm('ListCommands', { Filters: [{ key: 'Shape', value: 'round' }] }), 'InvalidFilterKey')
  refused(() => small.ssm('ListCommands', { NextToken: 'nonsense' }), 'InvalidNextToken')
})

test('what SendCommand cannot take is refused with AWS’s codes', () => {
  const good = { DocumentName: 'AWS-RunShellScript', InstanceIds: [id], Parameters: { commands: ['true'] } }
  const cases: [object, string][] = [
    [{ DocumentName: undefined }, 'ValidationException'],
    [{ DocumentName: 'AWS-RunPowerShellScript' }, 'InvalidDocument'],
    [{ DocumentVersion: '7' }, 'InvalidDocumentVersion'],
    [{ Comment: 'x'.repeat(101) }, 'ValidationException'],
    [{ TimeoutSeconds: 29 }, 'ValidationException'],
    [{ Parameters: {} }, 'InvalidParameters'],
    [{ Parameters: { commands: 'true' } }, 'ValidationException'],
    [{ Parameters: { commands: ['true'], shell: ['bash'] } }, 'InvalidParameters'],
    [{ Parameters: { commands: ['true'], executionTimeout: ['4'] } }, 'InvalidParameters'],
    [{ Parameters: { commands: ['x'.repeat(70_000)] } }, 'MaxDocumentSizeExceeded'],
    [{ InstanceIds: ['i-00000000000000000'] }, 'InvalidInstanceId'],
    [{ InstanceIds: [id, id] }, 'DuplicateInstanceId'],
    [{ InstanceIds: [] }, 'ValidationException'],
    [{ MaxConcurrency: 'many' }, 'ValidationException'],
    [{ ServiceRoleArn: 'arn:x' }, 'ValidationException'],
    [{ InstanceIds: undefined, Targets: [{ Key: 'resource-groups:Name', Values: ['x'] }] }, 'InvalidTarget'],
    [{ InstanceIds: undefined, Targets: Array(6).fill({ Key: 'tag:a', Values: ['x'] }) }, 'ValidationException'],
  ]
  for (const [change, code] of cases) refused(() => small.ssm('SendCommand', { ...good, ...change }), code)
  refused(() => small.ssm('GetCommandInvocation', { CommandId: crypto.randomUUID(), InstanceId: id }), 'InvocationDoesNotExist')
  refused(() => small.ssm('GetCommandInvocation', { CommandId: 'x', InstanceId: id }), 'InvalidCommandId')
  refused(() => small.ssm('CancelCommand', { CommandId: crypto.randomUUID() }), 'InvalidCommandId')
})

test('targets are found by tag; without a match nothing is sent', () => {
  small.cloud.store.put('instance', id, { ...small.instance(id), Tags: [{ Key: 'mlops:stage', Value: 'local' }] })
  const send = (Values: string[]) =>
    small.ssm('SendCommand', {
      DocumentName: 'AWS-RunShellScript',
      Targets: [{ Key: 'tag:mlops:stage', Values }],
      Parameters: { commands: ['true'] },
    })
  assert.is(send(['local']).Command.TargetCount, 1)
  assert.is(send(['prod']).Command.StatusDetails, 'NoInstancesInTag')
})

test('the inventory of agents shows what is online', () => {
  const list = (Filters: object[]) => small.ssm('DescribeInstanceInformation', { Filters, MaxResults: 5 }).InstanceInformationList
  const [information] = list([{ Key: 'InstanceIds', Values: [id] }])
  assert.is(information.PingStatus, 'Online')
  assert.is(information.IPAddress, small.instance(id).PrivateIpAddress)
  assert.is(list([{ Key: 'PingStatus', Values: ['ConnectionLost'] }]).length, 0)
  assert.is(list([{ Key: 'tag:mlops:stage', Values: ['local'] }]).length, 1)
  refused(() => list([{ Key: 'Colour', Values: [] }]), 'InvalidFilterKey')
  refused(() => small.ssm('DescribeInstanceInformation', { MaxResults: 4 }), 'ValidationException')
})

test('a session is recorded for a target that is online, and ends once', () => {
  const { SessionId, StreamUrl, TokenValue } = small.ssm('StartSession', { Target: id })
  assert.match(SessionId, /^root-[0-9a-f]{17}$/)
  assert.match(StreamUrl, /^ws:\/\/127\.0\.0\.1/)
  assert.ok(TokenValue.length > 100)
  assert.is(small.ssm('DescribeSessions', { State: 'Active' }).Sessions[0].SessionId, SessionId)
  small.ssm('TerminateSession', { SessionId })
  assert.is(small.ssm('TerminateSession', { SessionId }).SessionId, SessionId)
  assert.is(small.ssm('DescribeSessions', { State: 'History' }).Sessions[0].Status, 'Terminated')
  refused(() => small.ssm('StartSession', { Target: 'i-00000000000000000' }), 'TargetNotConnected')
  refused(() => small.ssm('StartSession', { Target: id, DocumentName: 'Mine' }), 'InvalidDocument')
  refused(() => small.ssm('TerminateSession', { SessionId: 'nobody' }), 'DoesNotExistException')
  refused(() => small.ssm('DescribeSessions', {}), 'ValidationException')
})

function send(script: string, parameters: Record<string, string[]> = {}) {
  return small.ssm('SendCommand', {
    DocumentName: 'AWS-RunShellScript',
    InstanceIds: [id],
    Parameters: { commands: script.split('\n'), ...parameters },
  })
}

function get({ CommandId }: { CommandId: string }) {
  return small.ssm('GetCommandInvocation', { CommandId, InstanceId: id })
}

async function short(script: string) {
  const { Status, StatusDetails, ResponseCode } = await small.sh(id, script)
  return [Status, StatusDetails, ResponseCode]
}

function refused(call: () => unknown, code: string): void {
  assert.throws(call, (error: { code: string }) => error.code === code, `${code} expected`)
}

test.run()
