import { createServer, type RequestListener, STATUS_CODES } from 'node:http'
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { roomForRequests } from './budget.ts'
import { trackConnections } from './connections.ts'
import { createLameDuck } from './lame-duck.ts'
import { oneByOne } from './pipelining.ts'

/** What a client may cost. Times are in ms. */
export interface Limits {
  /** A longer body is refused with 413. */
  readonly bodyBytes: number
  /**
   * What all requests may take together: their bodies, and what is made of them until they are answered; beyond it,
   * 503.
   */
  readonly bodiesBytes: number
  /** How long the head of a request may take to arrive. */
  readonly headMs: number
  /** How long a whole request may take to arrive. */
  readonly requestMs: number
  /** How long a connection may idle between two requests. */
  readonly idleMs: number
  /**
   * How long a client may take nothing of its answer, or a handler leave it without a byte, before the connection is
   * cut.
   */
  readonly stallMs: number
  /**
   * How long the service goes on as before after it has said at `/ready` that it ends, so that a load balancer can
   * notice.
   */
  readonly noticeMs: number
  /** How long a connection must have been quiet to be closed after that, since its client cannot be told on it. */
  readonly quietMs: number
  /**
   * For how long a service is a lame duck once it has been told (`lame-duck.ts`): so long may who told it need until
   * clients are led elsewhere.
   */
  readonly lameDuckMs: number
  /**
   * How long the requests in flight may take to finish once the service has been told to end. `docker stop` kills after
   * 10 s.
   */
  readonly drainMs: number
}

export const defaultLimits: Limits = {
  bodyBytes: 1024 * 1024,
  bodiesBytes: roomForRequests(),
  headMs: 10_000,
  requestMs: 30_000,
  idleMs: 5_000,
  stallMs: 60_000,
  noticeMs: 0,
  quietMs: 1_000,
  lameDuckMs: 30_000,
  drainMs: 8_000,
}

/** A server that has started. */
export interface Listening {
  readonly host: string
  readonly port: number
  /**
   * Ends it: stops accepting, finishes what is in flight, closes idle connections. The same promise for every call.
   *
   * @returns how many connections had to be cut because the limit was reached
   */
  close(): Promise<number>
  /** Makes a lame duck of it for a while: it serves on, and lets its clients go. */
  letGo(): void
}

/** How often quiet connections are looked for after the end was announced, in ms. */
const lookMs = 50

/**
 * How long a client that was refused before it had made a request may go on sending, in ms: what arrives at a closed
 * connection takes the answer with it.
 */
const refusedMs = 2000

/**
 * Starts an HTTP server that slow clients cannot hold and that ends in good order.
 *
 * @param always headers of the answers to what never becomes a request, such as nonsense
 * @throws the system's error when the address cannot be listened on
 */
export async function startServer(
  handler: RequestListener,
  where: { host: string; port: number },
  limits: Limits,
  always: Readonly<Record<string, string>> = {},
): Promise<Listening> {
  const connections = trackConnections()
  const server = createServer(
    {
      // What Node answers to a request without one is no answer of ours, and it does not look for a second one:
      // services/kit/host.ts does both.
      requireHostHeader: false,
      headersTimeout: limits.headMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      // How often Node looks for connections that are over their time; its default of 30 s would be the real limit.
      connectionsCheckingInterval: Math.min(1000, limits.headMs / 2),
    },
    oneByOne(handler, connections.asked),
  )
  server.timeout = limits.stallMs
  server.on('connection', connections.opened)
  const refused = new WeakSet<Duplex>()
  server.on('clientError', (error, socket) => {
    if (refused.has(socket)) return
    if (connections.answering(socket as Socket) || !socket.writable || (error as NodeJS.ErrnoException).code === 'ECONNRESET') {
      socket.destroy()
      return
    }
    refused.add(socket)
    refuse(error, socket, always)
    const late = setTimeout(() => socket.destroy(), refusedMs)
    socket.once('end', () => socket.destroy()).once('close', () => clearTimeout(late))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(where.port, where.host, resolve)
  })
  const { address: host, port } = server.address() as AddressInfo

  const drain = () =>
    new Promise<number>((resolve) => {
      let cut = 0
      const announced = performance.now()
      // After the loop has looked for what has arrived: so a request that is here already is not taken for silence.
      const look = setInterval(() => setImmediate(closeQuiet), lookMs)
      const closeQuiet = () => performance.now() - announced >= limits.quietMs && connections.closeIdle(limits.quietMs)
      const limit = setTimeout(() => {
        cut = connections.count()
        connections.cut()
      }, limits.drainMs)
      connections.closeAfterAnswers()
      // What the system has accepted for us is ours as well, and would be reset: it has been taken over when the loop
      // has looked once more.
      setImmediate(() => setImmediate(stopListening))
      // Not http's own close, which would also cut answers that the client has not taken yet, and stop looking for slow
      // clients.
      const stopListening = () =>
        NetServer.prototype.close.call(server, () => {
          clearInterval(look)
          clearTimeout(limit)
          // Now that nothing is left to cut: ends the timers of http.
          server.close()
          resolve(cut)
        })
    })
  let closing: Promise<number> | undefined

  return {
    host,
    port,
    letGo: createLameDuck(connections, limits),
    close() {
      closing ??= drain()
      return closing
    },
  }
}

/** Answers, in JSON as everything else, what Node could not make a request of, and closes our side. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex, always: Readonly<Record<string, string>>): void {
  const status = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[error.code ?? ''] ?? 400
  const body = JSON.stringify({ error: STATUS_CODES[status] })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${body.length}`,
    ...Object.entries(always).map(([name, value]) => `${name}: ${value}`),
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
