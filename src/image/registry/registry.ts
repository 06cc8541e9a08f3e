import { exit, Failure } from '../../report/failure.ts'
import { digestOf } from '../blob.ts'
import { type Answer, drain, type Outgoing, persist, read, refuseTransient, send, Transient } from './connection.ts'

/** A registry as a client sees it: requests under `/v2/`, with whatever login it asks for. */
export interface Registry {
  readonly origin: string
  readonly host: string
  /** Sends one request. `path` is what follows `/v2/`, or a whole URL that the registry gave as a Location. */
  request(path: string | URL, outgoing: Outgoing): Promise<Answer>
}

const tokens = new Map<string, Promise<string>>()

/**
 * @param origin `https://host[:port]`
 * @param authorization what the `Authorization` header says (`Basic …`); without it only public content can be had
 */
export function registryAt(origin: string, authorization?: string): Registry {
  const base = new URL('/v2/', origin)
  const bearer = new Map<string, string>()
  return {
    origin,
    host: base.host,
    async request(path, outgoing) {
      const url = new URL(path, base)
      const own = url.origin === base.origin
      const scope = scopeOf(url, outgoing.method)
      const login = own ? (bearer.get(scope) ?? authorization) : undefined
      const headers = { ...outgoing.headers, ...(login && { authorization: login }) }
      // An upload is not started before the registry has let us in: its body would be sent twice.
      const first = await send(url, { ...outgoing, headers })
      const challenge = first.headers['www-authenticate']
      if (!own || first.status !== 401 || !challenge || !/^bearer /i.test(challenge)) return first
      await drain(first)
      const token = `Bearer ${await tokenFor(challenge, scope, authorization)}`
      bearer.set(scope, token)
      return send(url, { ...outgoing, headers: { ...outgoing.headers, authorization: token } })
    },
  }
}

/** What a token must allow, where the challenge does not say: the repository in the path, to read or to write. */
function scopeOf(url: URL, method: string): string {
  const repository = /^\/v2\/(.+)\/(?:blobs|manifests|tags)\//.exec(url.pathname)?.[1]
  const actions = method === 'GET' || method === 'HEAD' ? 'pull' : 'pull,push'
  return repository ? `repository:${repository}:${actions}` : ''
}

/** A token of the service that a challenge names: https://distribution.github.io/distribution/spec/auth/token/ */
function tokenFor(challenge: string, scope: string, authorization: string | undefined): Promise<string> {
  const fields = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map((match) => [match[1], match[2]]))
  const realm = fields.realm
  if (!realm || !URL.canParse(realm))
    throw new Failure(`The registry asks for a login in a way that we do not know: ${challenge}`, { code: exit.access })
  const url = new URL(realm)
  if (fields.service) url.searchParams.set('service', fields.service)
  const wanted = fields.scope ?? scope
  if (wanted) url.searchParams.set('scope', wanted)
  const key = `${authorization ?? ''} ${url}`
  const running = tokens.get(key)
  if (running) return running
  const token = fetchToken(url, authorization).finally(() => tokens.delete(key))
  tokens.set(key, token)
  return token
}

async function fetchToken(url: URL, authorization: string | undefined): Promise<string> {
  const answer = await persist(async () => {
    const answer = await send(url, { method: 'GET', headers: authorization ? { authorization } : {} })
    await refuseTransient(answer)
    return answer
  })
  const text = (await read(answer)).toString()
  const body = answer.status === 200 ? (JSON.parse(text) as { token?: string; access_token?: string }) : {}
  const token = body.token ?? body.access_token
  if (!token) throw refusal(`${url.host} gave no login`, answer.status, text)
  return token
}

/**
 * The whole body of what a registry has at a path.
 * @param wanted `what`: the sentence that a failure begins with; `on`: what it is about; `digest`: what the body must
 *   have, where that is known
 * @throws Failure when the registry refuses, has nothing there, or keeps giving something else
 */
export function fetchBody(
  registry: Registry,
  path: string,
  { what, on, accept, digest }: { what: string; on: string; accept?: string | undefined; digest?: string | undefined },
): Promise<Buffer> {
  return insist(what, on, async () => {
    const answer = await registry.request(path, { method: 'GET', ...(accept && { headers: { accept } }) })
    await refuseTransient(answer)
    const body = await read(answer)
    if (answer.status !== 200) throw refusal(what, answer.status, body.toString(), on)
    if (digest && digestOf(body) !== digest) throw new Transient(`${path} has another digest: ${digestOf(body)}`)
    return body
  })
}

/** The failure that a refused request is: what was tried, and what the registry answered. */
export function refusal(what: string, status: number, text: string, on?: string): Failure {
  const errors = errorsIn(text)
  const said = errors.map(({ code, message }) => [code, message].filter(Boolean).join(': ')).join('; ') || text.slice(0, 300).trim()
  const access = status === 401 || status === 403
  return new Failure(`${what}: ${status}${said ? ` ${said}` : ''}`, {
    ...(on && { on }),
    ...(access && { code: exit.access, likely: 'The registry does not let this login (or nobody without one) do that.' }),
    ...(errors.some(({ code }) => code === 'NAME_UNKNOWN') && { likely: 'The repository does not exist (any more).' }),
    ...(status === 429 && { likely: 'The registry limits how much may be pulled without a login.' }),
  })
}

/** The codes and messages of a registry's error body. */
export function errorsIn(text: string): { code?: string; message?: string }[] {
  try {
    const errors = JSON.parse(text).errors
    return Array.isArray(errors) ? errors : []
  } catch {
    // Proxies and load balancers answer in HTML.
    return []
  }
}

/** Like `persist`, and what is still transient after the last attempt becomes a failure. */
export async function insist<T>(what: string, on: string, work: () => Promise<T>): Promise<T> {
  try {
    return await persist(work)
  } catch (error) {
    if (!(error instanceof Transient)) throw error
    if (error.answer) throw refusal(what, error.answer.status, error.answer.text, on)
    throw new Failure(`${what}: ${error.message}`, {
      on,
      cause: error,
      likely: 'The registry cannot be reached from here, or the connection breaks.',
    })
  }
}
