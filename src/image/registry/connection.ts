import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import https from 'node:https'
import { pipeline, type Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'

/** How long a registry may be silent in the middle of a request. */
const silenceMs = 60_000

const agents = {
  http: new http.Agent({ keepAlive: true }),
  // Behind a company's proxy only the world beyond the machine is reached through it, so loopback registries never are.
  https: new https.Agent({ keepAlive: true, proxyEnv: process.env }),
}

export interface Outgoing {
  readonly method: string
  readonly headers?: Readonly<Record<string, string>>
  /** Called for every attempt and every redirect anew. */
  readonly body?: { readonly size: number; open(): Promise<Readable> }
}

/** An answer whose body has not been read yet. It must be read, or drained, for the connection to be used again. */
export interface Answer {
  readonly url: URL
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: IncomingMessage
}

/** The connection broke or the server said to come back: the same request may succeed a moment later. */
export class Transient extends Error {
  override readonly name = 'Transient'
  /** How long the server asked to wait. */
  readonly afterMs: number | undefined
  /** What the last answer was, where there was one. */
  readonly answer: { status: number; text: string } | undefined

  constructor(message: string, options: { cause?: unknown; afterMs?: number; answer?: { status: number; text: string } } = {}) {
    super(message, { cause: options.cause })
    this.afterMs = options.afterMs
    this.answer = options.answer
  }
}

/**
 * Sends one request and follows redirects; credentials are not carried to another origin.
 *
 * @throws Transient when the connection fails; whatever the body's own stream fails with
 */
export async function send(url: URL, outgoing: Outgoing, redirects = 5): Promise<Answer> {
  const answer = await once(url, outgoing)
  const location = answer.headers.location
  const safe = outgoing.method === 'GET' || outgoing.method === 'HEAD'
  const follow = location && redirects > 0 && ([307, 308].includes(answer.status) || (safe && [301, 302, 303].includes(answer.status)))
  if (!follow) return answer
  await drain(answer)
  const next = new URL(location, url)
  const { authorization, ...others } = outgoing.headers ?? {}
  const headers = next.origin === url.origin && authorization ? { ...others, authorization } : others
  return send(next, { ...outgoing, headers }, redirects - 1)
}

async function once(url: URL, { method, headers, body }: Outgoing): Promise<Answer> {
  const content = body && (await body.open())
  return new Promise((resolve, reject) => {
    const secure = url.protocol === 'https:'
    const length = content
      ? { 'content-length': String(body?.size) }
      : method === 'GET' || method === 'HEAD'
        ? {}
        : { 'content-length': '0' }
    const options = { method, headers: { ...headers, ...length }, agent: secure ? agents.https : agents.http }
    const request = (secure ? https : http).request(url, options)
    const broken = (error: Error) => reject(new Transient(`${url.host}: ${describe(error)}`, { cause: error }))
    request.setTimeout(silenceMs, () => request.destroy(new Error(`no answer for ${silenceMs / 1000} seconds`)))
    request.on('response', (message) => resolve({ url, status: message.statusCode!, headers: message.headers, body: message }))
    request.on('error', broken)
    if (!content) {
      request.end()
      return
    }
    // A content that cannot be read is not the connection's fault, and trying again would not help.
    content.once('error', reject)
    pipeline(content, request, (error) => error && broken(error))
  })
}

function describe(error: Error): string {
  // Both addresses of a name failed: the message of the sum is empty.
  const errors = error instanceof AggregateError ? error.errors : [error]
  return errors.map(({ message }) => message).join(', ')
}

/** Reads an answer's body to its end and forgets it. */
export async function drain(answer: Answer): Promise<void> {
  if (answer.body.closed) return
  const closed = new Promise((resolve) => answer.body.once('close', resolve))
  // Status and headers are all that was wanted: a body that breaks off is no loss.
  answer.body.once('error', () => undefined)
  answer.body.resume()
  await closed
}

/** An answer's whole body. */
export async function read(answer: Answer): Promise<Buffer> {
  try {
    return await buffer(answer.body)
  } catch (error) {
    throw new Transient(`${answer.url.host}: the answer broke off`, { cause: error })
  }
}

/**
 * Throws Transient when the answer says that the same request may succeed later: 429, and 5xx but for those that are
 * final (501, 505, 507).
 */
export async function refuseTransient(answer: Answer): Promise<void> {
  const { status, headers } = answer
  if (status !== 429 && (status < 500 || [501, 505, 507].includes(status))) return
  const text = (await read(answer)).toString()
  const seconds = Number(headers['retry-after'])
  throw new Transient(`${answer.url.host}: ${status} ${text.slice(0, 200)}`, {
    answer: { status, text },
    ...(seconds > 0 && { afterMs: seconds * 1000 }),
  })
}

/** Does `work`, up to five times while it throws Transient, with growing pauses that differ from client to client. */
export async function persist<T>(work: () => Promise<T>, attempts = 5): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Transient) || attempt === attempts) throw error
      const pause = 200 * 2 ** (attempt - 1)
      await wait(Math.min(error.afterMs ?? pause * (0.5 + Math.random()), 30_000))
    }
  }
}
