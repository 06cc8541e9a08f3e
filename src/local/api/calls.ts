import { randomUUID } from 'node:crypto'
import { ApiError, type Cloud, type Service } from '../cloud.ts'
import { ec2Permissions } from '../ec2/permissions.ts'
import type { Identity } from '../iam/identity.ts'
import type { Permission } from '../iam/permission.ts'
import { iamPermissions } from '../iam/permissions.ts'
import { isCutOff, silence } from '../machine/way-out.ts'
import { inServiceTerms, type Protocol } from '../protocol/error-codes.ts'
import { parseJson, renderJson, renderJsonError, targets } from '../protocol/json.ts'
import { model, type ServiceModel } from '../protocol/model.ts'
import { parseQuery } from '../protocol/query.ts'
import { renderAnswer, renderError } from '../protocol/xml.ts'
import type { Faults } from './faults.ts'
import { claimedScope, type Request, verify } from './signature.ts'

/** The services of the cloud by the name they have in a credential scope. */
type Services = Readonly<Record<string, Service>>

/** What goes back over the wire; `drop` where the connection is to break instead. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly drop: boolean
  /** For the log: `ec2:CreateVpc`, and the error code if it was refused. */
  readonly action: string
  readonly code?: string
}

/** What a call is carried out in. */
export interface Surroundings {
  readonly cloud: Cloud
  readonly identity: Identity
  readonly services: Services
  readonly faults: Faults
  /** Aborts when the client's connection has closed. */
  readonly gone: AbortSignal
  readonly trouble: (error: unknown) => void
}

/** What calls need, by service. */
const permissionsOf: Readonly<Record<string, (name: string, input: Readonly<Record<string, never>>, cloud: Cloud) => Permission[]>> = {
  ec2: ec2Permissions,
  iam: iamPermissions,
}

/** IAM and STS are global: clients sign for them in whatever region they are. */
const globalServices = ['iam', 'sts']

/** How the regions of all partitions are named. */
const regionName = /^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/

/** Authenticates, parses, carries out and answers one `POST /`. Never throws. */
export async function answerCall(
  request: Request,
  { cloud: whole, identity, services, faults, gone, trouble }: Surroundings,
): Promise<Answer> {
  const requestId = randomUUID()
  const call = recognise(request)
  const label = `${call.service}:${call.action}`
  try {
    const { caller, scope } = verify(request, identity)
    if (isCutOff(whole, caller)) {
      await silence(gone)
      return { status: 504, headers: {}, body: '', drop: true, action: `${label}, by an instance without a way out` }
    }
    checkScope(scope, call)
    const cloud = inRegion(whole, scope.region)
    const action = own(own(services, call.service), call.action)
    const name = `${call.action || '(none given)'} of ${call.service}`
    if (!action) throw new ApiError('InvalidAction', `The embedded cloud does not have the action ${name}.`)
    const input = call.parse()
    // The other services look at the resource themselves.
    const needed = own(permissionsOf, call.service)?.(call.action, input as Readonly<Record<string, never>>, cloud) ?? []
    for (const { action, resource, context } of needed) cloud.authorize(caller, action, resource, context)
    const fault = await faults.inject(label, input, { by: caller.role === undefined ? 'user' : 'role', gone })
    const { lingerMs = 0 } = fault
    const carryOut = async () => fault.instead ?? (await action(input, { cloud, caller, action: call.action, requestId, lingerMs }))
    // A refusal is an answer too.
    const output = await carryOut().finally(() => fault.answered())
    if (fault.after === '500') throw new ApiError('InternalError', 'An internal error has occurred', 500)
    return { status: 200, ...call.render(output, requestId), drop: fault.after === 'drop', action: label }
  } catch (error) {
    if (!(error instanceof ApiError)) trouble(error)
    const known = error instanceof ApiError ? error : new ApiError('InternalError', 'The embedded cloud failed; its log says why.', 500)
    const worded = inServiceTerms(known, call)
    return { status: worded.status, ...call.refuse(worded, requestId), drop: false, action: label, code: worded.code }
  }
}

interface ParsedCall {
  readonly protocol: Protocol
  readonly service: string
  readonly action: string
  parse(): Record<string, unknown>
  render(output: unknown, requestId: string): { headers: Record<string, string>; body: string }
  refuse(error: ApiError, requestId: string): { headers: Record<string, string>; body: string }
}

/** Which protocol a request speaks and what it asks for, before anything about it is believed. */
function recognise({ headers, body }: Request): ParsedCall {
  const target = headers['x-amz-target']
  if (typeof target === 'string') {
    const [prefix = '', action = ''] = target.split('.')
    const pack = packing('application/x-amz-json-1.1')
    return {
      protocol: 'json',
      service: own(targets, prefix) ?? prefix,
      action,
      parse: () => parseJson(body),
      render: (output, requestId) => pack(requestId, renderJson(output)),
      refuse: (error, requestId) => pack(requestId, renderJsonError(error)),
    }
  }
  const form = new URLSearchParams(body.toString())
  const [action, service] = [form.get('Action') ?? '', claimedScope(headers)?.service ?? 'ec2']
  const dialect = service === 'ec2' ? 'ec2' : 'query'
  const shapes: ServiceModel = own(model, service) ?? { version: '', namespace: '', operations: {}, shapes: {} }
  const pack = packing('text/xml;charset=UTF-8')
  return {
    protocol: dialect,
    service,
    action,
    parse: () => parseQuery(shapes, action, form),
    render: (output, requestId) => pack(requestId, renderAnswer(shapes, { action, dialect, requestId, output })),
    refuse: (error, requestId) => pack(requestId, renderError(dialect, error, requestId)),
  }
}

function packing(type: string) {
  return (requestId: string, body: string) => ({ headers: { 'content-type': type, 'x-amzn-requestid': requestId }, body })
}

/** The cloud as one of its regions sees it. */
export function inRegion(cloud: Cloud, region: string): Cloud {
  return { ...cloud, region, store: cloud.store.in(region) }
}

function checkScope(scope: { service: string; region: string }, call: ParsedCall): void {
  if (scope.service !== call.service)
    throw new ApiError('SignatureDoesNotMatch', `Credential should be scoped to correct service: '${call.service}'.`, 403)
  if (!regionName.test(scope.region) && !globalServices.includes(scope.service))
    throw new ApiError('SignatureDoesNotMatch', `Credential should be scoped to a valid region, not '${scope.region}'.`, 403)
}

/** A name that a client sent must not find what every object inherits. */
function own<T>(table: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return table && Object.hasOwn(table, name) ? table[name] : undefined
}
