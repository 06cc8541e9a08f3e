import { randomBytes } from 'node:crypto'
import { ApiError, type Call } from '../cloud.ts'
import { invalid } from './command.ts'
import { seconds } from './command-report.ts'
import { page } from './paging.ts'
import { instanceArn } from './role.ts'

/** A Session Manager session. */
export interface Session {
  SessionId: string
  Target: string
  DocumentName: string
  Owner: string
  Reason?: string
  /** ISO 8601. */
  StartDate: string
  EndDate?: string
}

const documents = [
  'SSM-SessionManagerRunShell',
  'AWS-StartInteractiveCommand',
  'AWS-StartPortForwardingSession',
  'AWS-StartPortForwardingSessionToRemoteHost',
]

/**
 * StartSession: ids for a target whose agent answers. Nothing listens at the stream's URL yet: the data channel is not part of the embedded
 * cloud, and a shell on an instance is had through `shellEnvironment`.
 *
 * @throws ApiError TargetNotConnected, InvalidDocument, ValidationException
 */
export function startSession(
  { Target, DocumentName = documents[0]!, Reason }: { Target?: string; DocumentName?: string; Reason?: string },
  { cloud, caller }: Call,
) {
  if (!Target) throw invalid("Value null at 'target' failed to satisfy constraint: Member must not be null")
  cloud.authorize(caller, 'ssm:StartSession', instanceArn(cloud, Target))
  if (!documents.includes(DocumentName)) throw new ApiError('InvalidDocument', `Document with name ${DocumentName} does not exist.`)
  if (!cloud.machines.online(Target)) throw new ApiError('TargetNotConnected', `${Target} is not connected.`)
  const SessionId = `${caller.arn.split(/[:/]/).pop()}-${randomBytes(9).toString('hex').slice(1)}`
  const StartDate = new Date().toISOString()
  cloud.store.put('session', SessionId, { SessionId, Target, DocumentName, Owner: caller.arn, StartDate, ...(Reason && { Reason }) })
  const url = new URL(`/v1/data-channel/${SessionId}?role=publish_subscribe`, cloud.endpoint)
  url.protocol = 'ws:'
  return { SessionId, TokenValue: randomBytes(96).toString('base64'), StreamUrl: url.href }
}

/** TerminateSession; ending one that has ended is no error. */
export function terminateSession({ SessionId = '' }: { SessionId?: string }, { cloud, caller }: Call) {
  const session = cloud.store.get('session', SessionId)
  cloud.authorize(caller, 'ssm:TerminateSession', `arn:aws:ssm:${cloud.region}:${cloud.accountId}:session/${SessionId}`)
  if (!session) throw new ApiError('DoesNotExistException', `Session ${SessionId} does not exist.`)
  if (!session.EndDate) cloud.store.put('session', SessionId, { ...session, EndDate: new Date().toISOString() })
  return { SessionId }
}

/** DescribeSessions; State is `Active` or `History`. A session ends with its target. */
export function describeSessions(input: { State?: string; MaxResults?: number; NextToken?: string }, { cloud, caller }: Call) {
  cloud.authorize(caller, 'ssm:DescribeSessions', '*')
  if (input.State !== 'Active' && input.State !== 'History')
    throw invalid("Value at 'state' failed to satisfy constraint: Member must be Active or History")
  const active = (session: Session) => session.EndDate === undefined && cloud.machines.online(session.Target) !== undefined
  const sessions = cloud.store.list('session').filter((session) => active(session) === (input.State === 'Active'))
  const { items, NextToken } = page(sessions, input, [1, 200])
  return {
    Sessions: items.map(({ StartDate, EndDate, ...session }) => ({
      ...session,
      Status: input.State === 'Active' ? 'Connected' : 'Terminated',
      StartDate: seconds(Date.parse(StartDate)),
      ...(EndDate && { EndDate: seconds(Date.parse(EndDate)) }),
    })),
    ...(NextToken && { NextToken }),
  }
}
