import type {
  CommandFilter,
  CommandInvocation,
  CommandPlugin,
  GetCommandInvocationResult,
  Command as WireCommand,
} from '@aws-sdk/client-ssm'
import { ApiError, type Cloud } from '../../cloud.ts'
import type { Command, Invocation } from '../../records.ts'
import { invocationId, unfinished } from './command-queue.ts'

/** The one step of AWS-RunShellScript. */
const plugin = 'aws:runShellScript'
/** What ListCommandInvocations shows of both streams together. */
const outputLimit = 2500
const truncated = '\n---Output truncated---'

/** A command as SendCommand and ListCommands show it: its state is what its invocations add up to. */
export function commandReport({ store }: Cloud, command: Command): WireCommand {
  const invocations = command.Sent.map((id) => store.get('invocation', invocationId(command.CommandId, id))).filter(
    (each) => each !== undefined,
  )
  const { Sent, RequestedDateTime, ...sent } = command
  const executing = Number(sent.Parameters.executionTimeout?.[0] ?? 3600)
  return {
    ...sent,
    DocumentVersion: '$DEFAULT',
    RequestedDateTime: new Date(RequestedDateTime),
    ExpiresAfter: new Date(Date.parse(RequestedDateTime) + (sent.TimeoutSeconds + executing) * 1000),
    ...status(invocations),
    TargetCount: Sent.length,
    CompletedCount: invocations.filter((each) => !unfinished(each)).length,
    ErrorCount: invocations.filter(({ Status }) => Status === 'Failed' || Status === 'TimedOut').length,
    DeliveryTimedOutCount: invocations.filter(({ StatusDetails }) => StatusDetails === 'Delivery Timed Out').length,
    MaxConcurrency: '50',
    MaxErrors: '0',
    OutputS3BucketName: '',
    OutputS3KeyPrefix: '',
  }
}

function status(invocations: Invocation[]): Pick<WireCommand, 'Status' | 'StatusDetails'> {
  if (invocations.length === 0) return { Status: 'Success', StatusDetails: 'NoInstancesInTag' }
  if (invocations.every(({ Status }) => Status === 'Pending')) return { Status: 'Pending', StatusDetails: 'Pending' }
  if (invocations.some(({ Status }) => Status === 'Cancelling')) return { Status: 'Cancelling', StatusDetails: 'Cancelling' }
  if (invocations.some(unfinished)) return { Status: 'InProgress', StatusDetails: 'InProgress' }
  for (const Status of ['Failed', 'TimedOut', 'Cancelled'] as const) {
    const worst = invocations.find((each) => each.Status === Status)
    if (worst) return { Status, StatusDetails: worst.StatusDetails }
  }
  return { Status: 'Success', StatusDetails: 'Success' }
}

/** What both calls say of an invocation. */
function common({ CommandId, InstanceId, Comment, DocumentName, Status, StatusDetails }: Invocation) {
  const where = { StandardOutputUrl: '', StandardErrorUrl: '' }
  return { CommandId, InstanceId, Comment, DocumentName, DocumentVersion: '$DEFAULT', Status, StatusDetails, ...where }
}

/** What GetCommandInvocation answers; its times are strings, where every other call has numbers. */
export function invocationReport(invocation: Invocation): GetCommandInvocationResult {
  const { ExecutionStartDateTime = '', ExecutionEndDateTime = '', ResponseCode, StandardOutputContent, StandardErrorContent } = invocation
  const elapsed = ExecutionEndDateTime ? Date.parse(ExecutionEndDateTime) - Date.parse(ExecutionStartDateTime) : undefined
  return {
    ...common(invocation),
    PluginName: plugin,
    ResponseCode,
    ExecutionStartDateTime,
    ExecutionElapsedTime: elapsed === undefined ? '' : `PT${elapsed / 1000}S`,
    ExecutionEndDateTime,
    StandardOutputContent,
    StandardErrorContent,
    CloudWatchOutputConfig: { CloudWatchLogGroupName: '', CloudWatchOutputEnabled: false },
  }
}

/** What ListCommandInvocations shows of one; with `details`, its step too. */
export function invocationSummary(invocation: Invocation, details: boolean): CommandInvocation {
  const RequestedDateTime = new Date(invocation.RequestedDateTime)
  return { ...common(invocation), InstanceName: '', RequestedDateTime, ServiceRole: '', CommandPlugins: details ? [step(invocation)] : [] }
}

function step(invocation: Invocation): CommandPlugin {
  const { ExecutionStartDateTime: start, ExecutionEndDateTime: end, StandardOutputContent: stdout } = invocation
  const stderr = invocation.StandardErrorContent
  const whole = stderr ? `${stdout}\n----------ERROR-------\n${stderr}` : stdout
  return {
    Name: plugin,
    Status: invocation.Status as 'Cancelled',
    StatusDetails: invocation.StatusDetails,
    ResponseCode: invocation.ResponseCode,
    ResponseStartDateTime: start ? new Date(start) : undefined,
    ResponseFinishDateTime: end ? new Date(end) : undefined,
    Output: whole.length > outputLimit ? whole.slice(0, outputLimit - truncated.length) + truncated : whole,
    StandardOutputUrl: '',
    StandardErrorUrl: '',
    OutputS3Region: '',
    OutputS3BucketName: '',
    OutputS3KeyPrefix: '',
  }
}

/**
 * Whether a command or an invocation passes the filters of ListCommands and ListCommandInvocations (their keys are in
 * lower camel case).
 *
 * @throws ApiError InvalidFilterKey for a key that the embedded cloud does not know.
 */
export function passes(
  item: { RequestedDateTime: string; Status: string | undefined; DocumentName: string },
  filters: readonly CommandFilter[] = [],
): boolean {
  return filters.every(({ key = '', value = '' }) => {
    if (key === 'InvokedAfter') return Date.parse(item.RequestedDateTime) > Date.parse(value)
    if (key === 'InvokedBefore') return Date.parse(item.RequestedDateTime) < Date.parse(value)
    if (key === 'Status') return item.Status === value
    if (key === 'DocumentName') return item.DocumentName === value
    throw new ApiError('InvalidFilterKey', `The filter key ${key} is not valid.`)
  })
}
