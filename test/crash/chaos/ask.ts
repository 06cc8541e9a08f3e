import { Agent, request } from 'node:http'

/** What came of a request: a status and a text, or why there is neither. */
export interface Answer {
  readonly status?: number
  readonly text: string
  readonly error?: string
}

/** For how long a request waits, in ms: longer than anything is frozen. */
const patience = 20_000

/**
 * Makes one request, on a connection of its own unless there is an agent. It never throws.
 * @param options `body`: sent as JSON; then it is a POST
 */
export function ask(url: string, { body, agent }: { body?: unknown; agent?: Agent } = {}): Promise<Answer> {
  return new Promise((done) => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const headers = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
    const fail = (error: Error) => done({ text: '', error: (error as NodeJS.ErrnoException).code ?? error.message })
    const options = { agent: agent ?? false, method: text === undefined ? 'GET' : 'POST', headers, timeout: patience } as const
    const call = request(url, options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk)).on('error', fail)
      response.on('end', () => done({ status: response.statusCode!, text: Buffer.concat(chunks).toString() }))
    })
    call.on('timeout', () => call.destroy(new Error('timed out'))).on('error', fail)
    call.end(text)
  })
}

/** Connections that are kept, for many requests at once. */
export function keptConnections(count: number): Agent {
  return new Agent({ keepAlive: true, maxSockets: count })
}
