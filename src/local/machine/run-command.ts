import { ApiError, type Call, type Cloud, type Service } from '../cloud.ts'
import type { Invocation } from '../records.ts'
import { type Command, invalid, sendCommand } from './command.ts'
import { commandReport, invocationReport, invocationSummary, passes } from './command-report.ts'
import { describeInstanceInformation } from './instance-information.ts'
import { page } from './paging.ts'
import { invocationId, unfinished } from './postbox.ts'
import { describeSessions, startSession, terminateSession } from './session.ts'

interface ListInput {
  CommandId?: string
  InstanceId?: string
  Filters?: { key: string; value: string }[]
  Details?: boolean
  MaxResults?: number
  NextToken?: string
}

/** The actions of Systems Manager that concern instances: Run Command, the agents' inventory, sessions. */
export const runCommand: Service = {
  SendCommand: (input, call) => ({ Command: commandReport(call.cloud, sendCommand(input, call)) }),
  GetCommandInvocation: getCommandInvocation,
  ListCommandInvocations: listCommandInvocations,
  ListCommands: listCommands,
  CancelCommand: cancelCommand,
  DescribeInstanceInformation: describeInstanceInformation,
  StartSession: startSession,
  TerminateSession: terminateSession,
  DescribeSessions: describeSessions,
}

function getCommandInvocation(input: { CommandId?: string; InstanceId?: string; PluginName?: string }, { cloud, caller }: Call) {
  const { CommandId, InstanceId, PluginName } = input
  cloud.authorize(caller, 'ssm:GetCommandInvocation', '*')
  if (!CommandId || !InstanceId) throw invalid('CommandId and InstanceId are required')
  if (!/^[0-9a-f-]{36}$/.test(CommandId)) throw new ApiError('InvalidCommandId', 'The specified command ID is not valid.')
  if (PluginName && PluginName !== 'aws:runShellScript' && PluginName !== 'aws:RunShellScript')
    throw new ApiError('InvalidPluginName', 'The plugin name is not valid.')
  const invocation = cloud.store.get('invocation', invocationId(CommandId, InstanceId))
  if (!invocation)
    throw new ApiError('InvocationDoesNotExist', 'The command ID and managed node ID you specified did not match any invocations.')
  return invocationReport(invocation)
}

function listCommandInvocations(input: ListInput, { cloud, caller }: Call) {
  cloud.authorize(caller, 'ssm:ListCommandInvocations', '*')
  const { items, NextToken } = page(
    newest(selected(cloud, input).flatMap((command) => invocationsOf(cloud, command, input.InstanceId))).filter((each) =>
      passes(each, input.Filters),
    ),
    input,
    [1, 50],
  )
  return { CommandInvocations: items.map((each) => invocationSummary(each, input.Details ?? false)), ...(NextToken && { NextToken }) }
}

function listCommands(input: ListInput, { cloud, caller }: Call) {
  cloud.authorize(caller, 'ssm:ListCommands', '*')
  const { items, NextToken } = page(
    newest(selected(cloud, input))
      .map((command) => ({ command, report: commandReport(cloud, command) }))
      .filter(({ command, report }) => passes({ ...command, Status: report.Status }, input.Filters)),
    input,
    [1, 50],
  )
  return { Commands: items.map(({ report }) => report), ...(NextToken && { NextToken }) }
}

/** CancelCommand: what has ended stays as it is; what runs is killed, which GetCommandInvocation shows a moment later. */
function cancelCommand({ CommandId = '', InstanceIds = [] }: { CommandId?: string; InstanceIds?: string[] }, { cloud, caller }: Call) {
  cloud.authorize(caller, 'ssm:CancelCommand', '*')
  const command = cloud.store.get('command', CommandId)
  if (!command) throw new ApiError('InvalidCommandId', 'The specified command ID is not valid.')
  const unknown = InstanceIds.filter((id) => !command.Sent.includes(id))
  if (unknown.length > 0)
    throw new ApiError('InvalidInstanceId', `Instances [[${unknown.join(', ')}]] did not get the command ${CommandId}`)
  const open = (InstanceIds.length > 0 ? InstanceIds : command.Sent).filter((instanceId) =>
    cloud.store.transaction(() => {
      const id = invocationId(CommandId, instanceId)
      const invocation = cloud.store.get('invocation', id)
      if (!invocation || !unfinished(invocation)) return false
      cloud.store.put('invocation', id, { ...invocation, Status: 'Cancelling', StatusDetails: 'Cancelling' })
      return true
    }),
  )
  for (const instanceId of open) cloud.machines.cancel(CommandId, instanceId)
  return {}
}

function selected({ store }: Cloud, { CommandId, InstanceId }: ListInput): Command[] {
  if (CommandId === undefined) return store.list('command').filter(({ Sent }) => InstanceId === undefined || Sent.includes(InstanceId))
  const command = store.get('command', CommandId)
  if (!command) throw new ApiError('InvalidCommandId', 'The specified command ID is not valid.')
  return InstanceId === undefined || command.Sent.includes(InstanceId) ? [command] : []
}

function invocationsOf({ store }: Cloud, { CommandId, Sent }: Command, instanceId: string | undefined): Invocation[] {
  return Sent.filter((id) => instanceId === undefined || id === instanceId)
    .map((id) => store.get('invocation', invocationId(CommandId, id)))
    .filter((invocation) => invocation !== undefined)
}

function newest<T extends { RequestedDateTime: string }>(items: T[]): T[] {
  return items.toSorted((a, b) => b.RequestedDateTime.localeCompare(a.RequestedDateTime))
}
