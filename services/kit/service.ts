/**
 * services/kit is what every service needs and none should write again: routing with metrics, request ids and
 * structured logs, JSON in and out, errors that show nothing of the inside, limits against slow and large clients,
 * health and readiness, and an end that finishes what was begun.
 */
import { setTimeout } from 'node:timers/promises'
import polka, { type Request as PolkaRequest, type Response } from 'polka'
import type { Registry } from 'prom-client'
import { type Access, readAccess } from './access/access.ts'
import { createAdmission } from './access/admission.ts'
import { clientAddress } from './access/client-address.ts'
import { createBudget } from './budget.ts'
import { namesItsHost } from './host.ts'
import { HttpError } from './http-error.ts'
import { lameDuckHeader } from './lame-duck.ts'
import { createLog, type Log } from './log.ts'
import { createMetrics } from './metrics.ts'
import { createReadiness, type ReadyCheck } from './readiness.ts'
import { releaseHeader } from './release-id.ts'
import { Reply, send } from './reply.ts'
import { createRequest, type Request, type RequestOptions } from './request.ts'
import { requestId } from './request-id.ts'
import { defaultLimits, type Limits, type Listening, startServer } from './server.ts'
import { turn } from './turns.ts'

/**
 * Answers a request: a value is sent as JSON with status 200, a `Reply` says more, a thrown `HttpError` is told to the
 * client.
 */
export type Handler = (request: Request) => unknown

export interface ServiceOptions {
  /** As the config calls it: shown by `/health` and in every line of the log. */
  readonly name: string
  readonly limits?: Partial<Limits>
  /** Which release of it this is, shown by every answer; `RELEASE_ID` where nothing is said. */
  readonly release?: string | undefined
  /**
   * Who is answered what; what `readAccess` finds in the environment where nothing is said, so that no service forgets.
   */
  readonly access?: Access
}

export interface Service {
  readonly name: string
  /** Where the service registers metrics of its own; `/metrics` shows them. */
  readonly registry: Registry
  readonly log: Log
  /** Adds a route. `pattern` is Polka's: `/data/:id`. */
  get(pattern: string, handler: Handler): Service
  post(pattern: string, handler: Handler): Service
  /**
   * Adds a condition for `/ready`. It is asked at every request there, so it should look at what is known and not find
   * out anew; it returns why the service is not ready, or undefined.
   */
  readyWhen(check: ReadyCheck): Service
  /**
   * Adds what is to be done after the last request has been answered, such as closing a database. The last one added is
   * done first.
   */
  onClose(close: () => void | Promise<void>): Service
  /**
   * Starts listening.
   *
   * @param where host and port; port 0 takes a free one
   * @returns the address it got, and how to end it
   * @throws the system's error, with a `code` such as EADDRINUSE
   */
  listen(where: { host: string; port: number }): Promise<Listening>
}

/** The methods that a 405 looks at, to say which one would do. */
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/**
 * Creates a service that answers `/health`, `/ready` and `/metrics`, and everything else with a JSON 404.
 *
 * @throws Error with a finished sentence when the release or the level of the log is none, or when it is to guard what
 *   it has no token for
 */
export function createService(options: ServiceOptions): Service {
  const { name, limits: given, release: id = process.env.RELEASE_ID, access = readAccess(process.env) } = options
  const limits: Limits = { ...defaultLimits, ...given }
  const release = { ...releaseHeader(id), ...(id && lameDuckHeader()) }
  const log = createLog(name)
  const metrics = createMetrics()
  const budget = createBudget(limits.bodiesBytes)
  const readiness = createReadiness(name, log)
  const addressOf = clientAddress(access.trusted)
  const admit = createAdmission(access, addressOf)
  const closers: (() => void | Promise<void>)[] = []

  /**
   * Answers a request by this handler, and counts it under this route. Rejects never: whatever goes wrong becomes an
   * answer.
   */
  const answer = (route: string, handler: (request: PolkaRequest, options: RequestOptions) => unknown) => {
    const observe = metrics.route(route)
    return async (request: PolkaRequest, response: Response) => {
      const started = performance.now()
      const id = requestId(request.headers['x-request-id'])
      const always = { 'x-request-id': id, ...release }
      const account = budget.open()
      metrics.begin()
      response.on('close', () => {
        metrics.end()
        account.close()
        // 499, as nginx has it: the client went away before its answer was complete.
        const code = response.writableFinished ? response.statusCode : 499
        const seconds = (performance.now() - started) / 1000
        observe(request.method, code, seconds)
        if (log.debugs) log('debug', 'a request was answered', { request_id: id, method: request.method, route, code, seconds })
      })
      try {
        admit(request, route)
        const value = await handler(request, { id, limit: limits.bodyBytes, account, response, log, addressOf })
        await send(response, value instanceof Reply ? value : Reply.json(value), always)
      } catch (error) {
        if (!(error instanceof HttpError)) log('error', 'a request failed', { request_id: id, method: request.method, route, error })
        if (response.headersSent) response.destroy()
        else await send(response, errorReply(error), always)
      }
    }
  }

  const notFound = answer('unmatched', (request) => {
    const allowed = methods.filter((method) => app.find(method, request.path).handlers.length > 0)
    if (allowed.length === 0) throw new HttpError(404, `Path not found: ${request.path}`)
    throw new HttpError(405, `${request.method} is not supported here, only ${allowed.join(', ')}`, { allow: allowed.join(', ') })
  })

  const app = polka({
    onNoMatch: notFound,
    onError: (error, request, response) =>
      answer('unmatched', () => {
        throw error
      })(request, response),
  })
  const wrongHost = answer('unmatched', () => {
    throw new HttpError(400, 'A request says once for which host it is, in a Host header')
  })
  const route = (method: 'get' | 'post') => (pattern: string, handler: Handler) => {
    app[method](
      pattern,
      answer(pattern, (request, options) => handler(createRequest(request, options))),
    )
    return service
  }

  const service: Service = {
    name,
    registry: metrics.registry,
    log,
    get: route('get'),
    post: route('post'),
    readyWhen(check) {
      readiness.add(check)
      return service
    },
    onClose(close) {
      closers.unshift(close)
      return service
    },
    async listen(where) {
      const listening = await startServer(
        (request, response) => {
          if (namesItsHost(request)) app.handler(request as PolkaRequest, response, undefined as never)
          else wrongHost(request as PolkaRequest, response)
        },
        where,
        limits,
        release,
      )
      const endAll = async () => {
        readiness.end()
        if (limits.noticeMs > 0) await setTimeout(limits.noticeMs)
        const cut = await listening.close()
        for (const closer of closers) await closer()
        return cut
      }
      let ended: Promise<number> | undefined
      const close = () => {
        ended ??= endAll()
        return ended
      }
      return { ...listening, close }
    },
  }
  service.get('/health', () => ({ status: 'healthy', service: name }))
  service.get('/ready', () => readiness.reply())
  service.get('/metrics', async () => {
    // To write them down takes milliseconds, and many who ask at once are not to keep the service for their sum.
    await turn()
    return Reply.text(await metrics.registry.metrics(), { type: metrics.registry.contentType })
  })
  return service
}

function errorReply(error: unknown): Reply {
  if (error instanceof HttpError) return Reply.json({ error: error.message }, { status: error.status, headers: error.headers })
  return Reply.json({ error: 'Internal server error' }, { status: 500 })
}
