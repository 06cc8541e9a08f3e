import { randomUUID } from 'node:crypto'
import type { SendCommandRequest, Target } from '@aws-sdk/client-ssm'
import { ApiError, type Call, type Cloud } from '../../cloud.ts'
import type { Command, Instance, Invocation } from '../../records.ts'
import { invalid } from '../../ssm/input.ts'
import { instanceArn } from '../metadata/role.ts'
import { invocationId } from './command-queue.ts'

/** What of SendCommand means something here (the SSM API reference); anything else is refused by name. */
const understood = 'DocumentName DocumentVersion InstanceIds Targets Parameters Comment TimeoutSeconds MaxConcurrency MaxErrors'.split(' ')
const parameters = ['commands', 'workingDirectory', 'executionTimeout']
/** Document and parameters together: Systems Manager's quota for a document. */
const largest = 64 * 1024

/**
 * Checks and records a command and its invocations, and hands them to the machine room.
 *
 * @throws ApiError with AWS's codes: ValidationException, InvalidDocument, InvalidParameters, DuplicateInstanceId,
 *   InvalidInstanceId …
 */
export function sendCommand(input: SendCommandRequest, { cloud, caller }: Call): Command {
  check(input)
  const instances = input.Targets?.length ? targeted(cloud, input.Targets) : named(cloud, input.InstanceIds ?? [])
  const document = `arn:aws:ssm:${cloud.region}::document/AWS-RunShellScript`
  cloud.authorize(caller, 'ssm:SendCommand', document)
  for (const { InstanceId } of instances) cloud.authorize(caller, 'ssm:SendCommand', instanceArn(cloud, InstanceId))
  const now = new Date()
  const command: Command = {
    CommandId: randomUUID(),
    DocumentName: 'AWS-RunShellScript',
    Comment: input.Comment ?? '',
    Parameters: input.Parameters ?? {},
    InstanceIds: input.InstanceIds ?? [],
    Targets: (input.Targets ?? []).map(({ Key = '', Values = [] }) => ({ Key, Values })),
    TimeoutSeconds: input.TimeoutSeconds ?? 3600,
    RequestedDateTime: now.toISOString(),
    Sent: instances.map(({ InstanceId }) => InstanceId),
  }
  cloud.store.transaction(() => {
    forgetOld(cloud, now)
    cloud.store.put('command', command.CommandId, command)
    for (const InstanceId of command.Sent)
      cloud.store.put('invocation', invocationId(command.CommandId, InstanceId), {
        ...pending(command, InstanceId),
        ...(cloud.machines.lost(InstanceId) && { SentWhileLost: true }),
      })
  })
  cloud.machines.deliver()
  return command
}

function pending(command: Command, InstanceId: string): Invocation {
  const { TimeoutSeconds, InstanceIds, Targets, Sent, ...shared } = command
  return {
    ...shared,
    InstanceId,
    DeliverBefore: Date.parse(shared.RequestedDateTime) + TimeoutSeconds * 1000,
    Status: 'Pending',
    StatusDetails: 'Pending',
    ResponseCode: -1,
    StandardOutputContent: '',
    StandardErrorContent: '',
  }
}

function check(input: SendCommandRequest): void {
  const { DocumentName, InstanceIds = [], Targets = [], Parameters = {}, Comment = '', TimeoutSeconds = 3600 } = input
  if (!DocumentName) throw invalid("Value null at 'documentName' failed to satisfy constraint: Member must not be null")
  const unknown = Object.keys(input).find((name) => !understood.includes(name))
  if (unknown) throw invalid(`The embedded cloud does not know SendCommand's ${unknown}`)
  if (!/^(arn:aws:ssm:[^:]*:[^:]*:document\/)?AWS-RunShellScript$/.test(DocumentName))
    throw new ApiError(
      'InvalidDocument',
      `Document with name ${DocumentName} does not exist. The embedded cloud has AWS-RunShellScript only.`,
    )
  if (input.DocumentVersion && !['1', '$DEFAULT', '$LATEST'].includes(input.DocumentVersion))
    throw new ApiError('InvalidDocumentVersion', `The document version ${input.DocumentVersion} is not valid.`)
  if (Comment.length > 100)
    throw invalid("Value at 'comment' failed to satisfy constraint: Member must have length less than or equal to 100")
  if (!Number.isInteger(TimeoutSeconds) || TimeoutSeconds < 30 || TimeoutSeconds > 2_592_000)
    throw invalid(
      `Value '${TimeoutSeconds}' at 'timeoutSeconds' failed to satisfy constraint: Member must have value between 30 and 2592000`,
    )
  if (InstanceIds.length > 50)
    throw invalid("Value at 'instanceIds' failed to satisfy constraint: Member must have length less than or equal to 50")
  if (Targets.length > 5 || Targets.some(({ Values }) => !Array.isArray(Values) || Values.length > 50))
    throw invalid("Value at 'targets' failed to satisfy constraint: at most 5 targets of at most 50 values")
  if (InstanceIds.length > 0 === Targets.length > 0) throw invalid('Either InstanceIds or Targets must be given, and not both')
  if (new Set(InstanceIds).size < InstanceIds.length)
    throw new ApiError('DuplicateInstanceId', 'You cannot specify an instance ID in more than one association.')
  for (const name of ['MaxConcurrency', 'MaxErrors'] as const) {
    if (!/^(\d{1,3}%?)$/.test(input[name] ?? '50'))
      throw invalid(`Value '${input[name]}' at '${name}' is neither a number nor a percentage`)
  }
  checkParameters(Parameters)
}

function checkParameters(given: Record<string, string[]>): void {
  const wrong = (message: string) => new ApiError('InvalidParameters', message)
  for (const [name, values] of Object.entries(given)) {
    if (!parameters.includes(name)) throw wrong(`Parameter ${name} is not defined in the document AWS-RunShellScript`)
    if (!Array.isArray(values) || values.some((value) => typeof value !== 'string'))
      throw invalid(`Parameter ${name} must be a list of strings`)
  }
  if (!given.commands?.length) throw wrong('Parameter commands is required')
  const [timeout] = given.executionTimeout ?? []
  if (timeout !== undefined && !(/^\d{1,6}$/.test(timeout) && Number(timeout) >= 5 && Number(timeout) <= 172_800))
    throw wrong(`Parameter executionTimeout must be a number of seconds from 5 to 172800, got "${timeout}"`)
  if (Buffer.byteLength(JSON.stringify(given)) > largest)
    throw new ApiError('MaxDocumentSizeExceeded', 'The size limit of a document is 64 KB.')
}

/**
 * Every named instance must have a registered agent, or the whole command is refused. One that is registered and lost
 * is sent a command that will not be delivered.
 */
function named({ store, machines, accountId }: Cloud, ids: string[]): Instance[] {
  const wrong = ids.filter((id) => !machines.online(id) && !machines.lost(id))
  if (wrong.length > 0)
    throw new ApiError('InvalidInstanceId', `Instances [[${wrong.join(', ')}]] not in a valid state for account ${accountId}`)
  return ids.map((id) => store.get('instance', id)!)
}

function targeted({ store, machines }: Cloud, targets: Target[]): Instance[] {
  for (const { Key = '' } of targets)
    if (Key !== 'InstanceIds' && !Key.startsWith('tag:'))
      throw new ApiError('InvalidTarget', `The target ${Key} is not valid. Use InstanceIds or tag:KEY.`)
  return store
    .list('instance')
    .filter(({ InstanceId }) => machines.online(InstanceId) || machines.lost(InstanceId))
    .filter((instance) => targets.every((target) => matches(instance, target)))
}

/** Whether an instance is one of a target's: by id, or by a tag's value. */
export function matches({ InstanceId, Tags }: Instance, { Key, Values = [] }: Target): boolean {
  if (Key === 'InstanceIds') return Values.includes(InstanceId)
  return Tags.some((tag) => `tag:${tag.Key}` === Key && Values.includes(tag.Value))
}

/** Systems Manager keeps the history of a command for 30 days. */
function forgetOld({ store }: Cloud, now: Date): void {
  const before = new Date(now.getTime() - 30 * 86_400_000).toISOString()
  for (const old of store.list('command').filter(({ RequestedDateTime }) => RequestedDateTime < before)) {
    for (const instanceId of old.Sent) store.delete('invocation', invocationId(old.CommandId, instanceId))
    store.delete('command', old.CommandId)
  }
}
