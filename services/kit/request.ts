import type { Request as PolkaRequest } from 'polka'
import { decodeText, parseJson, readBody } from './body.ts'

/** What a handler gets to know about a request. */
export interface Request {
  /** The values of the pattern's parameters, decoded: `/data/:id` gives `id`. */
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  /** The address at the other end of the connection. Headers that claim another one are not believed: any client can send them. */
  readonly sourceIp: string
  /** Reads the body, at most the service's limit. Throws HttpError 413. */
  body(): Promise<Buffer>
  /** Reads and parses the body; undefined where it is empty. Throws HttpError 413 and 400. */
  json(): Promise<unknown>
}

/**
 * @param request as Polka gives it
 * @param limit for the body, in bytes
 */
export function createRequest(request: PolkaRequest, limit: number): Request {
  const body = () => readBody(request, limit)
  return {
    params: request.params,
    query: new URLSearchParams(request.search),
    // A server that listens on IPv6 sees IPv4 clients as ::ffff:192.0.2.1.
    sourceIp: (request.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    body,
    json: async () => parseJson(decodeText(await body())),
  }
}
