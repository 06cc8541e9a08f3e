import { ApiError, type Cloud } from '../cloud.ts'
import type { Invocation } from '../records.ts'
import type { Command } from './command.ts'
import { invocationId, unfinished } from './postbox.ts'

/** The one step of AWS-RunShellScript. */
const plugin = 'aws:runShellScript'
/** What ListCommandInvocations shows of both streams together. */
const outputLimit = 2500
const truncated = '\n---Output truncated---'

/** A command as SendCommand and ListCommands show it: its state is what its invocations add up to. */
export function commandReport({ store }: Cloud, command: Command) {
  const invocations = command.Sent.map((id) => store.get('invocation', invocationId(command.CommandId, id))).filter(
    (each) => each !== undefined,
  )
  const { CommandId, DocumentName, Comment, Parameters, InstanceIds, Targets, TimeoutSeconds, RequestedDateTime } = command
  const requested = Date.parse(RequestedDateTime)
  const executing = Number(Parameters.executionTimeout?.[0] ?? 3600)
  return {
    ...{ CommandId, DocumentName, DocumentVersion: '$DEFAULT', Comment, Parameters, InstanceIds, Targets, TimeoutSeconds },
    RequestedDateTime: seconds(requested),
    ExpiresAfter: seconds(requested + (TimeoutSeconds + executing) * 1000),
    ...status(invocations),
    TargetCount: command.Sent.length,
    CompletedCount: invocations.filter((each) => !unfinished(each)).length,
    ErrorCount: invocations.filter(({ Status }) => Status === 'Failed' || Status === 'TimedOut').length,
    DeliveryTimedOutCount: invocations.filter(({ StatusDetails }) => StatusDetails === 'Delivery Timed Out').length,
    MaxConcurrency: '50',
    MaxErrors: '0',
    OutputS3BucketName: '',
    OutputS3KeyPrefix: '',
  }
}

function status(invocations: Invocation[]): { Status: string; StatusDetails: string } {
  if (invocations.length === 0) return { Status: 'Success', StatusDetails: 'NoInstancesInTag' }
  if (invocations.every(({ Status }) => Status === 'Pending')) return { Status: 'Pending', StatusDetails: 'Pending' }
  if (invocations.some(({ Status }) => Status === 'Cancelling')) return { Status: 'Cancelling', StatusDetails: 'Cancelling' }
  if (invocations.some(unfinished)) return { Status: 'InProgress', StatusDetails: 'InProgress' }
  const worst = (['Failed', 'TimedOut', 'Cancelled'] as const)
    .map((name) => invocations.find(({ Status }) => Status === name))
    .find(Boolean)
  return worst ? { Status: worst.Status, StatusDetails: worst.StatusDetails } : { Status: 'Success', StatusDetails: 'Success' }
}

/** What GetCommandInvocation answers; its times are strings, where every other call has numbers. */
export function invocationReport(invocation: Invocation) {
  const { CommandId, InstanceId, Comment = '', DocumentName, ExecutionStartDateTime = '', ExecutionEndDateTime = '' } = invocation
  const elapsed = ExecutionEndDateTime ? Date.parse(ExecutionEndDateTime) - Date.parse(ExecutionStartDateTime) : undefined
  return {
    ...{ CommandId, InstanceId, Comment, DocumentName, DocumentVersion: '$DEFAULT', PluginName: plugin },
    ResponseCode: invocation.ResponseCode,
    ExecutionStartDateTime,
    ExecutionElapsedTime: elapsed === undefined ? '' : `PT${elapsed / 1000}S`,
    ExecutionEndDateTime,
    Status: invocation.Status,
    StatusDetails: invocation.StatusDetails,
    StandardOutputContent: invocation.StandardOutputContent,
    StandardOutputUrl: '',
    StandardErrorContent: invocation.StandardErrorContent,
    StandardErrorUrl: '',
    CloudWatchOutputConfig: { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false },
  }
}

/** What ListCommandInvocations shows of one; with `details`, its step too. */
export function invocationSummary(invocation: Invocation, details: boolean) {
  const { CommandId, InstanceId, Comment = '', DocumentName, RequestedDateTime, Status, StatusDetails } = invocation
  return {
    ...{ CommandId, InstanceId, InstanceName: '', Comment, DocumentName, DocumentVersion: '$DEFAULT' },
    RequestedDateTime: seconds(Date.parse(RequestedDateTime)),
    ...{ Status, StatusDetails, StandardOutputUrl: '', StandardErrorUrl: '', ServiceRole: '' },
    CommandPlugins: details ? [step(invocation)] : [],
  }
}

function step(invocation: Invocation) {
  const { Status, StatusDetails, ResponseCode, ExecutionStartDateTime: start, ExecutionEndDateTime: end } = invocation
  const { StandardOutputContent: stdout, StandardErrorContent: stderr } = invocation
  const whole = stderr ? `${stdout}\n----------ERROR-------\n${stderr}` : stdout
  return {
    Name: plugin,
    ...{ Status, StatusDetails, ResponseCode },
    ...(start && { ResponseStartDateTime: seconds(Date.parse(start)) }),
    ...(end && { ResponseFinishDateTime: seconds(Date.parse(end)) }),
    Output: whole.length > outputLimit ? whole.slice(0, outputLimit - truncated.length) + truncated : whole,
    ...{ StandardOutputUrl: '', StandardErrorUrl: '', OutputS3Region: '', OutputS3BucketName: '', OutputS3KeyPrefix: '' },
  }
}

const filterKeys = ['InvokedAfter', 'InvokedBefore', 'Status', 'DocumentName']

/**
 * Whether a command or an invocation passes the filters of ListCommands and ListCommandInvocations (their keys are in lower camel case).
 *
 * @throws ApiError InvalidFilterKey for a key that the embedded cloud does not know.
 */
export function passes(
  item: { RequestedDateTime: string; Status: string; DocumentName: string },
  filters: readonly { key: string; value: string }[] = [],
): boolean {
  return filters.every(({ key, value }) => {
    if (!filterKeys.includes(key)) throw new ApiError('InvalidFilterKey', `The filter key ${key} is not valid.`)
    if (key === 'InvokedAfter') return Date.parse(item.RequestedDateTime) > Date.parse(value)
    if (key === 'InvokedBefore') return Date.parse(item.RequestedDateTime) < Date.parse(value)
    return key === 'Status' ? item.Status === value : item.DocumentName === value
  })
}

/** Seconds since the epoch, as JSON 1.1 has a timestamp. */
export function seconds(ms: number): number {
  return ms / 1000
}
