import { setTimeout } from 'node:timers/promises'
import type { Access } from './access/access.ts'
import { fields, show } from './fields.ts'

/** What a service answered: the body is parsed where it is JSON and a text where it is not. */
export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** The answers so far, by the name of their check. */
export type Answers = ReadonlyMap<string, Answer>

/** One request to a running service, and what must come back. */
export interface Check {
  /** A sentence that holds when the service is well: `an empty record is refused`. Unique within a service. */
  readonly name: string
  /** GET where nothing else is said. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Begins with `/`. A function where it depends on an earlier answer, such as an id. */
  readonly path: string | ((answers: Answers) => string)
  /** A text is sent as it is, every other value as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Whether it is asked by somebody who has no token. */
  readonly stranger?: boolean
  readonly expect: {
    readonly status: number
    /** Looks at the body; returns what is wrong with it, or undefined. */
    readonly body?: (body: unknown, answers: Answers) => string | undefined
  }
}

/** What came of one check. */
export interface Result {
  readonly name: string
  readonly ok: boolean
  readonly expected: string
  readonly got: string
  readonly milliseconds: number
}

export interface Smoke {
  /** `http://host:port`, without a slash at the end. */
  readonly address: string
  /** The service's name, as `/health` must show it. */
  readonly service: string
  /**
   * The service's own checks: what its `smoke.ts` exports as default. Those that every service gets come first by
   * themselves.
   */
  readonly checks: readonly Check[]
  /** What the service is to guard, and the token that it does that by; nothing where nothing else is said. */
  readonly access?: Pick<Access, 'guarded' | 'token'>
  /** For one request; 5000 where nothing else is said. */
  readonly timeoutMs?: number
}

const open = { guarded: 'nothing', token: undefined } as const

/** The checks that hold for every service on the kit. */
export function commonChecks(service: string, { guarded, token }: Pick<Access, 'guarded' | 'token'> = open): Check[] {
  const refused = { status: token === undefined ? 403 : 401 }
  return [
    { name: 'it is healthy', path: '/health', stranger: true, expect: { status: 200, body: fields({ status: 'healthy', service }) } },
    {
      name: 'it shows its metrics',
      path: '/metrics',
      expect: { status: 200, body: (body) => holdsMetrics(body, 'http_request_duration_seconds') },
    },
    { name: 'an unknown path is a JSON 404', path: '/no-such-path', expect: { status: 404, body: fields({ error: /not found/ }) } },
    ...(guarded === 'nothing' ? [] : [{ name: 'a stranger does not see its metrics', path: '/metrics', stranger: true, expect: refused }]),
    ...(guarded === 'everything' ? [{ name: 'a stranger does not get in', path: '/no-such-path', stranger: true, expect: refused }] : []),
  ]
}

/** Looks for metrics in Prometheus' text format; names the first that is missing. */
export function holdsMetrics(body: unknown, ...names: string[]): string | undefined {
  const missing = names.find((name) => typeof body !== 'string' || !body.includes(`# TYPE ${name} `))
  return missing && `${missing} is not among the metrics`
}

/**
 * Runs all checks against a live service, one after the other, and goes on after a failure.
 *
 * @returns one result a check, in their order; it never rejects, since a service that does not answer is a result too
 */
export async function runSmoke({ address, service, checks, access = open, timeoutMs = 5000 }: Smoke): Promise<Result[]> {
  const answers = new Map<string, Answer>()
  const results: Result[] = []
  // Metrics that nobody is shown cannot be looked at.
  const hidden = ({ path, stranger }: Check) =>
    path === '/metrics' && !stranger && access.guarded === 'metrics' && access.token === undefined
  for (const check of [...commonChecks(service, access), ...checks].filter((check) => !hidden(check))) {
    const started = performance.now()
    const judged = await runCheck(check, { address, token: access.token, timeoutMs }, answers)
    results.push({ name: check.name, ...judged, milliseconds: performance.now() - started })
  }
  return results
}

interface Asked {
  readonly address: string
  readonly token: string | undefined
  readonly timeoutMs: number
}

async function runCheck(check: Check, asked: Asked, answers: Map<string, Answer>) {
  const expected = `status ${check.expect.status}`
  try {
    const path = typeof check.path === 'string' ? check.path : check.path(answers)
    const answer = await ask(check, path, asked)
    answers.set(check.name, answer)
    const got = `status ${answer.status}: ${typeof answer.body === 'string' ? show(answer.body.slice(0, 200)) : show(answer.body)}`
    if (answer.status !== check.expect.status) return { ok: false, expected, got }
    const wrong = check.expect.body?.(answer.body, answers)
    return wrong === undefined ? { ok: true, expected, got } : { ok: false, expected: `${expected} and another body: ${wrong}`, got }
  } catch (error) {
    return { ok: false, expected, got: reason(error as Error) }
  }
}

/** Asks as a well-behaved client does: one that is told to wait comes back once, where that is soon. */
async function ask(check: Check, path: string, asked: Asked): Promise<Answer> {
  const response = await send(check, path, asked)
  const seconds = Number(response.headers.get('retry-after'))
  if (response.status !== 429 || !(seconds > 0 && seconds * 1000 <= asked.timeoutMs)) return answerIn(response)
  await response.body?.cancel()
  await setTimeout(seconds * 1000)
  return answerIn(await send(check, path, asked))
}

function send(check: Check, path: string, { address, token, timeoutMs }: Asked): Promise<Response> {
  const body = check.body === undefined || typeof check.body === 'string' ? check.body : JSON.stringify(check.body)
  return fetch(`${address}${path}`, {
    method: check.method ?? 'GET',
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined || check.stranger ? {} : { authorization: `Bearer ${token}` }),
      ...check.headers,
    },
    ...(body === undefined ? {} : { body }),
    redirect: 'manual',
    signal: AbortSignal.timeout(timeoutMs),
  })
}

async function answerIn(response: Response): Promise<Answer> {
  const text = await response.text()
  const json = response.headers.get('content-type')?.startsWith('application/json')
  return { status: response.status, body: json ? JSON.parse(text) : text }
}

/** fetch says "fetch failed" and keeps what happened as the cause. */
function reason(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
