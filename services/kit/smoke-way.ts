import { isIPv4 } from 'node:net'
import { setTimeout } from 'node:timers/promises'

/** One request to a service, as it is sent. */
export interface SmokeRequest {
  readonly method: string
  /** Begins with `/`. */
  readonly path: string
  /** All of them but the token. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  /** Whether it is sent without the token. */
  readonly stranger: boolean
}

/** What came back, before anybody has read it. */
export interface RawAnswer {
  readonly status: number
  /** The content type; empty where there is none. */
  readonly type: string
  readonly text: string
}

/** A way to a running service. */
export interface Way {
  /** Whether it comes from the machine's own network, which is shown metrics without a token. */
  readonly ownNetwork: boolean
  /** Sends requests one after the other. One that is not answered is an error in its place. */
  ask(requests: readonly SmokeRequest[]): Promise<readonly { readonly answer: RawAnswer | Error; readonly milliseconds: number }[]>
}

/**
 * The way over HTTP. It asks as a well-behaved client does: one that is told to wait comes back once, where that is
 * soon.
 *
 * @param address `http://host:port`
 * @param token what everybody but strangers shows; undefined where there is none
 * @param timeoutMs for one request
 */
export function overHttp(address: string, token: string | undefined, timeoutMs: number): Way {
  const send = ({ method, path, headers, body, stranger }: SmokeRequest) =>
    fetch(`${address}${path}`, {
      method,
      headers: { ...(token === undefined || stranger ? {} : { authorization: `Bearer ${token}` }), ...headers },
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
  const patiently = async (request: SmokeRequest): Promise<Response> => {
    const response = await send(request)
    const seconds = Number(response.headers.get('retry-after'))
    if (response.status !== 429 || !(seconds > 0 && seconds * 1000 <= timeoutMs)) return response
    await response.body?.cancel()
    await setTimeout(seconds * 1000)
    return send(request)
  }
  const ask = async (request: SmokeRequest): Promise<RawAnswer | Error> => {
    try {
      const response = await patiently(request)
      return { status: response.status, type: response.headers.get('content-type') ?? '', text: await response.text() }
    } catch (error) {
      return error as Error
    }
  }
  const { hostname } = new URL(address)
  return {
    ownNetwork: hostname === 'localhost' || hostname === '[::1]' || (isIPv4(hostname) && hostname.startsWith('127.')),
    async ask(requests) {
      const outcomes = []
      for (const request of requests) {
        const started = performance.now()
        outcomes.push({ answer: await ask(request), milliseconds: performance.now() - started })
      }
      return outcomes
    },
  }
}
