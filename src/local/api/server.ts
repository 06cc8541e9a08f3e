import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Admin } from '../admin/admin.ts'
import { ApiError } from '../cloud.ts'
import type { Log } from '../process/log.ts'
import { parseJson } from '../protocol/json.ts'
import { endAfterBody } from './answer-early.ts'
import { answerCall, type Surroundings } from './calls.ts'
import { hostsOf, readBody } from './request.ts'
import { verify } from './signature.ts'

/** What `POST /` accepts, in bytes; AWS's own limit for EC2 and SSM requests is in this region. */
const bodyLimit = 1024 * 1024

export interface Parts extends Omit<Surroundings, 'gone' | 'trouble'> {
  readonly log: Log
  /** Everything below `/v2/`. */
  readonly registry: (request: IncomingMessage, response: ServerResponse) => Promise<void>
  /** Everything below `/_cloud/`. */
  readonly admin: Admin
}

/**
 * The cloud's HTTP side. A web page in the user's browser can reach a loopback port, so a request that a browser sends
 * on a page's behalf (`Origin`), or for a name that was made to point here (`Host`), is refused before anything else is
 * looked at.
 */
export function createListener(parts: Parts): RequestListener {
  const port = new URL(parts.cloud.endpoint).port
  return (request, response) => {
    const started = performance.now()
    const url = request.url ?? '/'
    const tell = (action: string, code?: string) =>
      parts.log.call({ action, status: response.statusCode, ms: performance.now() - started, code })
    const refuse = (status: number, code: string, message: string) => {
      const body = JSON.stringify({ __type: code, message })
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
      endAfterBody(request, response, body)
      tell(`${request.method} ${url.split('?')[0]}`, code)
    }
    if (hostsOf(request) !== 1) return refuse(400, 'InvalidHost', 'A request has one Host header.')
    if (!isOurs(request.headers.host, port)) return refuse(403, 'InvalidHost', 'The embedded cloud answers to loopback names only.')
    if (request.headers.origin !== undefined) return refuse(403, 'InvalidOrigin', 'The embedded cloud does not answer web pages.')
    if (url === '/v2' || url.startsWith('/v2/')) {
      response.once('close', () => tell(`registry:${request.method} ${url.split('?')[0]}`))
      parts.registry(request, response).catch((error: unknown) => {
        parts.log.line(`error ${(error as Error)?.stack ?? error}`)
        if (response.headersSent) response.destroy()
        else send(response, 500, {}, '')
      })
      return
    }
    if (request.method !== 'POST' || !(url === '/' || url.startsWith('/_cloud/'))) {
      return refuse(404, 'NotFound', 'The embedded cloud has POST /, /v2/ and /_cloud/.')
    }
    answer(request, response, parts, tell).catch((error: unknown) => {
      const known = error instanceof ApiError ? error : new ApiError('InternalError', 'The embedded cloud failed; its log says why.', 500)
      if (known !== error) parts.log.line(`error ${(error as Error)?.stack ?? error}`)
      if (!response.destroyed) refuse(known.status, known.code, known.message)
    })
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, parts: Parts, tell: (action: string, code?: string) => void) {
  const { identity, log } = parts
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const tooMuch = () => new ApiError('RequestEntityTooLarge', 'The body of a request may have 1 MiB.', 413)
  const body = await readBody(request, bodyLimit, tooMuch)
  const whole = { method: 'POST', url: request.url ?? '/', headers: request.headers, body }
  if (whole.url === '/') {
    const {
      status,
      headers,
      body: text,
      drop,
      action,
      code,
    } = await answerCall(whole, {
      ...parts,
      gone: gone.signal,
      trouble: (error) => log.line(`error ${(error as Error).stack}`),
    })
    // Told first: whoever has the answer finds the line in the log.
    response.statusCode = status
    tell(drop ? `${action} (answer dropped)` : action, code)
    return drop ? response.destroy() : send(response, status, headers, text)
  }
  const { caller } = verify(whole, identity)
  if (caller.role !== undefined || caller.user !== undefined)
    throw new ApiError('AccessDenied', 'Only the owner of the embedded cloud may do this.', 403)
  const output = await parts.admin(whole.url.slice('/_cloud/'.length), parseJson(whole.body))
  send(response, 200, { 'content-type': 'application/json' }, JSON.stringify(output))
  if (!whole.url.endsWith('/status')) tell(whole.url)
}

function send(response: ServerResponse, status: number, headers: Readonly<Record<string, string>>, body: string): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
}

function isOurs(host: string | undefined, port: string): boolean {
  const [, name, given] = /^(.*?)(?::(\d+))?$/.exec(host ?? '') ?? []
  return given === port && (name === 'localhost' || name === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(name ?? ''))
}
