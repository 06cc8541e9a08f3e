import type { SSM } from '@aws-sdk/client-ssm'
import { type Actions, ApiError, type Cloud, refuse, type Service } from '../../cloud.ts'
import type { Command, Invocation } from '../../records.ts'
import { invalid, page } from '../../ssm/input.ts'
import { sendCommand } from './command.ts'
import { invocationId, unfinished } from './command-queue.ts'
import { commandReport, invocationReport, invocationSummary, passes } from './command-report.ts'
import { instanceInformationActions } from './instance-information.ts'
import { sessionActions } from './session.ts'

const commandActions = {
  SendCommand: (input, call) => ({ Command: commandReport(call.cloud, sendCommand(input, call)) }),

  GetCommandInvocation({ CommandId, InstanceId, PluginName }, { cloud, caller }) {
    cloud.authorize(caller, 'ssm:GetCommandInvocation', '*')
    if (!CommandId || !InstanceId) throw invalid('CommandId and InstanceId are required')
    if (!/^[0-9a-f-]{36}$/.test(CommandId)) throw invalidCommandId()
    if (PluginName && PluginName !== 'aws:runShellScript' && PluginName !== 'aws:RunShellScript')
      throw new ApiError('InvalidPluginName', 'The plugin name is not valid.')
    const invocation = cloud.store.get('invocation', invocationId(CommandId, InstanceId))
    if (!invocation)
      throw new ApiError('InvocationDoesNotExist', 'The command ID and managed node ID you specified did not match any invocations.')
    return invocationReport(invocation)
  },

  ListCommandInvocations({ CommandId, InstanceId, Filters, Details = false, ...paging }, { cloud, caller }) {
    cloud.authorize(caller, 'ssm:ListCommandInvocations', '*')
    const all = selected(cloud, CommandId, InstanceId).flatMap((command) => invocationsOf(cloud, command, InstanceId))
    const wanted = newest(all).filter((each) => passes(each, Filters))
    const { items, NextToken } = page(wanted, paging, [1, 50])
    return { CommandInvocations: items.map((each) => invocationSummary(each, Details)), NextToken }
  },

  ListCommands({ CommandId, InstanceId, Filters, ...paging }, { cloud, caller }) {
    cloud.authorize(caller, 'ssm:ListCommands', '*')
    const wanted = newest(selected(cloud, CommandId, InstanceId))
      .map((command) => ({ command, report: commandReport(cloud, command) }))
      .filter(({ command, report }) => passes({ ...command, Status: report.Status }, Filters))
    const { items, NextToken } = page(wanted, paging, [1, 50])
    return { Commands: items.map(({ report }) => report), NextToken }
  },

  /** What has ended stays as it is; what runs is killed, which GetCommandInvocation shows a moment later. */
  CancelCommand({ CommandId = '', InstanceIds = [] }, { cloud, caller }) {
    cloud.authorize(caller, 'ssm:CancelCommand', '*')
    const command = cloud.store.get('command', CommandId) ?? refuse(invalidCommandId())
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
  },
} satisfies Actions<SSM>

/** The actions of Systems Manager that concern instances: Run Command, the agents' inventory, sessions. */
export const runCommand: Service = { ...commandActions, ...instanceInformationActions, ...sessionActions }

function invalidCommandId(): ApiError {
  return new ApiError('InvalidCommandId', 'The specified command ID is not valid.')
}

function selected({ store }: Cloud, commandId: string | undefined, instanceId: string | undefined): Command[] {
  const got = ({ Sent }: Command) => instanceId === undefined || Sent.includes(instanceId)
  if (commandId === undefined) return store.list('command').filter(got)
  return [store.get('command', commandId) ?? refuse(invalidCommandId())].filter(got)
}

function invocationsOf({ store }: Cloud, { CommandId, Sent }: Command, instanceId: string | undefined): Invocation[] {
  return Sent.filter((id) => instanceId === undefined || id === instanceId)
    .map((id) => store.get('invocation', invocationId(CommandId, id)))
    .filter((invocation) => invocation !== undefined)
}

function newest<T extends { RequestedDateTime: string }>(items: T[]): T[] {
  return items.toSorted((a, b) => b.RequestedDateTime.localeCompare(a.RequestedDateTime))
}
