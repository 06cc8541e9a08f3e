import type { Access } from './access/access.ts'
import { fields, show } from './fields.ts'
import { overHttp, type RawAnswer, type SmokeRequest, type Way } from './smoke-way.ts'

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
  /** `http://host:port`, without a slash at the end; or another way to the service. */
  readonly address: string | Way
  /** The service's name, as `/health` must show it. */
  readonly service: string
  /**
   * The service's own checks: what its `smoke.ts` exports as default. Those that every service on the kit gets come
   * first by themselves.
   */
  readonly checks: readonly Check[]
  /** Whether it is on the kit, which promises some things for all its services. It is where nothing else is said. */
  readonly onKit?: boolean
  /** What the service is to guard, and the token that it does that by; nothing where nothing else is said. */
  readonly access?: Pick<Access, 'guarded' | 'token'>
  /** For one request; 5000 where nothing else is said. */
  readonly timeoutMs?: number
}

/** What a proxy adds for somebody who is elsewhere: wherever we are, this is nobody of the machine's own network. */
const strange = { 'x-forwarded-for': '192.0.2.1' }

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
    ...(guarded === 'nothing'
      ? []
      : [{ name: 'a stranger does not see its metrics', path: '/metrics', stranger: true, headers: strange, expect: refused }]),
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
export async function runSmoke({ address, service, checks, onKit = true, access = open, timeoutMs = 5000 }: Smoke): Promise<Result[]> {
  const way = typeof address === 'string' ? overHttp(address, access.token, timeoutMs) : address
  // Metrics that we are not shown cannot be looked at.
  const hidden = ({ path, stranger }: Check) =>
    path === '/metrics' && !stranger && access.guarded === 'metrics' && access.token === undefined && !way.ownNetwork
  const all = [...(onKit ? commonChecks(service, access) : []), ...checks].filter((check) => !hidden(check))
  const answers = new Map<string, Answer>()
  const results: Result[] = []
  while (results.length < all.length) {
    // Those that do not wait for an earlier answer may go together.
    const [first, ...rest] = all.slice(results.length)
    const waits = rest.findIndex(({ path }) => typeof path !== 'string')
    const batch = [first!, ...rest.slice(0, waits < 0 ? rest.length : waits)]
    const requests = batch.map((check) => requestOf(check, answers))
    const sent = requests.filter((request): request is SmokeRequest => !(request instanceof Error))
    const came = sent.length > 0 ? await way.ask(sent) : []
    for (const [index, check] of batch.entries()) {
      const request = requests[index]!
      const outcome = request instanceof Error ? { answer: request, milliseconds: 0 } : came[sent.indexOf(request)]!
      results.push({ name: check.name, ...judge(check, outcome.answer, answers), milliseconds: outcome.milliseconds })
    }
  }
  return results
}

/** The request of a check; an error where an earlier answer lacks what it needs. */
function requestOf({ method = 'GET', path, body, headers = {}, stranger = false }: Check, answers: Answers): SmokeRequest | Error {
  try {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
    return {
      method,
      path: typeof path === 'string' ? path : path(answers),
      headers: { ...(text === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: text,
      stranger,
    }
  } catch (error) {
    return error as Error
  }
}

function judge({ name, expect }: Check, raw: RawAnswer | Error, answers: Map<string, Answer>): Pick<Result, 'ok' | 'expected' | 'got'> {
  const expected = `status ${expect.status}`
  try {
    if (raw instanceof Error) throw raw
    const answer = { status: raw.status, body: raw.type.startsWith('application/json') ? JSON.parse(raw.text) : raw.text }
    answers.set(name, answer)
    const got = `status ${answer.status}: ${typeof answer.body === 'string' ? show(answer.body.slice(0, 200)) : show(answer.body)}`
    if (answer.status !== expect.status) return { ok: false, expected, got }
    const wrong = expect.body?.(answer.body, answers)
    return wrong === undefined ? { ok: true, expected, got } : { ok: false, expected: `${expected} and another body: ${wrong}`, got }
  } catch (error) {
    return { ok: false, expected, got: reason(error as Error) }
  }
}

/** fetch says "fetch failed" and keeps what happened as the cause. */
function reason(error: Error): string {
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
