import { randomBytes } from 'node:crypto'
import type { SSM } from '@aws-sdk/client-ssm'
import { type Actions, ApiError } from '../../cloud.ts'
import type { Session } from '../../records.ts'
import { invalid, page } from '../../ssm/input.ts'
import { instanceArn } from '../metadata/role.ts'

const documents = [
  'SSM-SessionManagerRunShell',
  'AWS-StartInteractiveCommand',
  'AWS-StartPortForwardingSession',
  'AWS-StartPortForwardingSessionToRemoteHost',
]

export const sessionActions = {
  /**
   * Ids for a target whose agent answers. Nothing listens at the stream's URL yet: the data channel is not part of the
   * embedded cloud, and a shell on an instance is had through `shellEnvironment`.
   *
   * @throws ApiError TargetNotConnected, InvalidDocument, ValidationException
   */
  StartSession({ Target, DocumentName = documents[0]!, Reason }, { cloud, caller }) {
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
  },

  /** Ending one that has ended is no error. */
  TerminateSession({ SessionId = '' }, { cloud, caller }) {
    const session = cloud.store.get('session', SessionId)
    cloud.authorize(caller, 'ssm:TerminateSession', `arn:aws:ssm:${cloud.region}:${cloud.accountId}:session/${SessionId}`)
    if (!session) throw new ApiError('DoesNotExistException', `Session ${SessionId} does not exist.`)
    if (!session.EndDate) cloud.store.put('session', SessionId, { ...session, EndDate: new Date().toISOString() })
    return { SessionId }
  },

  /** State is `Active` or `History`. A session ends with its target. */
  DescribeSessions({ State, ...paging }, { cloud, caller }) {
    cloud.authorize(caller, 'ssm:DescribeSessions', '*')
    if (State !== 'Active' && State !== 'History')
      throw invalid("Value at 'state' failed to satisfy constraint: Member must be Active or History")
    const active = (session: Session) => session.EndDate === undefined && cloud.machines.online(session.Target) !== undefined
    const sessions = cloud.store.list('session').filter((session) => active(session) === (State === 'Active'))
    const { items, NextToken } = page(sessions, paging, [1, 200])
    const Sessions = items.map(({ StartDate, EndDate, ...session }) => ({
      ...session,
      Status: State === 'Active' ? ('Connected' as const) : ('Terminated' as const),
      StartDate: new Date(StartDate),
      EndDate: EndDate === undefined ? undefined : new Date(EndDate),
    }))
    return { Sessions, NextToken }
  },
} satisfies Actions<SSM>
