import { Readable } from 'node:stream'
import { exit, Failure, type FailureDetails } from '../../report/failure.ts'
import { digestOf } from '../blob.ts'
import { type Answer, drain, type Outgoing, persist, read, refuseTransient, send, Transient } from './connection.ts'
import { type Login, logInTo, loginName } from './docker-login.ts'

/** A registry as a client sees it: requests under `/v2/`, with whatever login it asks for. */
export interface Registry {
  readonly origin: string
  readonly host: string
  /** Sends one request. `path` is what follows `/v2/`, or a whole URL that the registry gave as a Location. */
  request(path: string | URL, outgoing: Outgoing): Promise<Answer>
  /** What to say of a 401 or 403: with which login it was asked, and how to get another. */
  access(): Pick<FailureDetails, 'likely' | 'next'>
}

/** How a client logs in to a registry; without anything only public content can be had. */
export interface LoginOptions {
  /** What the `Authorization` header says from the first request on: `Basic …`. */
  readonly authorization?: string | undefined
  /** Asked for a login, once, when the registry wants one. */
  readonly login?: () => Promise<Login | undefined>
}

const tokens = new Map<string, Promise<string>>()

/** @param origin `https://host[:port]` */
export function registryAt(origin: string, { authorization, login }: LoginOptions = {}): Registry {
  const base = new URL('/v2/', origin)
  const bearer = new Map<string, string>()
  let plain = authorization
  let asked: Promise<Login | undefined> | undefined
  let used: Login | undefined
  const logIn = async () => {
    asked ??= login
      ? login()
      : Promise.resolve(plain === undefined ? undefined : { from: 'the login of the account', authorization: plain })
    used = await asked
    return used
  }
  const access = () => {
    // Whoever brings the login along knows where it is from.
    if (!login) return { likely: 'The registry does not let this login (or nobody without one) do that.' }
    if (!used) return { likely: `It was asked without a login: docker has none for ${loginName(base.host)}.`, next: logInTo(base.host) }
    const likely = `It was asked with ${used.from}: that login may not read this, or is not valid any more.`
    return { likely, ...(used.next && { next: used.next }) }
  }
  /** What to answer a challenge with; undefined where there is nothing that was not tried. */
  const answerTo = async (challenge: string, scope: string, sent: string | undefined) => {
    const login = await logIn()
    if (/^bearer /i.test(challenge) && !login?.authorization?.startsWith('Bearer ')) {
      const token = `Bearer ${await tokenFor(challenge, scope, login, access)}`
      bearer.set(scope, token)
      return token
    }
    if (login?.authorization !== sent) plain = login?.authorization
    return login?.authorization === sent ? undefined : login?.authorization
  }
  return {
    origin,
    host: base.host,
    access,
    async request(path, outgoing) {
      const url = new URL(path, base)
      const own = url.origin === base.origin
      const scope = scopeOf(url, outgoing.method)
      const header = own ? (bearer.get(scope) ?? plain) : undefined
      const sendAs = (value: string | undefined) =>
        send(url, { ...outgoing, headers: { ...outgoing.headers, ...(value && { authorization: value }) } })
      // An upload is not started before the registry has let us in: its body would be sent twice.
      const first = await sendAs(header)
      const challenge = first.headers['www-authenticate']
      if (!own || first.status !== 401 || !challenge) return first
      const answer = await answerTo(challenge, scope, header)
      if (!answer) return first
      await drain(first)
      return sendAs(answer)
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
function tokenFor(challenge: string, scope: string, login: Login | undefined, access: Registry['access']): Promise<string> {
  const fields = Object.fromEntries([...challenge.matchAll(/(\w+)="([^"]*)"/g)].map((match) => [match[1], match[2]]))
  const realm = fields.realm
  if (!realm || !URL.canParse(realm))
    throw new Failure(`The registry asks for a login in a way that we do not know: ${challenge}`, { code: exit.access })
  const question = { realm: new URL(realm), service: fields.service, scope: fields.scope ?? scope }
  const key = JSON.stringify([login?.authorization, login?.identityToken, question])
  const running = tokens.get(key)
  if (running) return running
  const token = fetchToken(question, login, access).finally(() => tokens.delete(key))
  tokens.set(key, token)
  return token
}

interface Question {
  readonly realm: URL
  readonly service: string | undefined
  readonly scope: string
}

async function fetchToken({ realm, service, scope }: Question, login: Login | undefined, access: Registry['access']): Promise<string> {
  const wanted = new URLSearchParams({ ...(service && { service }), ...(scope && { scope }) })
  const answer = await persist(async () => {
    const answer = await (login?.identityToken ? refresh(realm, wanted, login.identityToken) : ask(realm, wanted, login?.authorization))
    await refuseTransient(answer)
    return answer
  })
  const text = (await read(answer)).toString()
  const body = answer.status === 200 ? (JSON.parse(text) as { token?: string; access_token?: string }) : {}
  const token = body.token ?? body.access_token
  if (!token) throw refusal(`${realm.host} gave no login`, answer.status, text, undefined, access())
  return token
}

function ask(realm: URL, wanted: URLSearchParams, authorization: string | undefined): Promise<Answer> {
  const url = new URL(realm)
  for (const [name, value] of wanted) url.searchParams.set(name, value)
  return send(url, { method: 'GET', headers: authorization ? { authorization } : {} })
}

/** An identity token is a refresh token: https://distribution.github.io/distribution/spec/auth/oauth/ */
function refresh(realm: URL, wanted: URLSearchParams, identityToken: string): Promise<Answer> {
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'mlops', refresh_token: identityToken })
  for (const [name, value] of wanted) form.set(name, value)
  const content = Buffer.from(form.toString())
  return send(realm, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: { size: content.length, open: async () => Readable.from([content]) },
  })
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
    if (answer.status !== 200) throw refusal(what, answer.status, body.toString(), on, registry.access())
    if (digest && digestOf(body) !== digest) throw new Transient(`${path} has another digest: ${digestOf(body)}`)
    return body
  })
}

/**
 * The failure that a refused request is: what was tried, and what the registry answered.
 * @param access what to say where it does not let us in
 */
export function refusal(
  what: string,
  status: number,
  text: string,
  on?: string,
  access: Pick<FailureDetails, 'likely' | 'next'> = {},
): Failure {
  const errors = errorsIn(text)
  const said = errors.map(({ code, message }) => [code, message].filter(Boolean).join(': ')).join('; ') || text.slice(0, 300).trim()
  const refused = status === 401 || status === 403
  return new Failure(`${what}: ${status}${said ? ` ${said}` : ''}`, {
    ...(on && { on }),
    ...(refused && { code: exit.access, ...access }),
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
