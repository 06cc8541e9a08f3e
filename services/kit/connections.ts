import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

interface Connection {
  /**
   * The answer to its latest request, until it is closed. A connection that kept it would keep the request and its body
   * as well, and many that idle would make the garbage collector's work: they survive from one of its rounds to the
   * next.
   */
  answer: ServerResponse | undefined
  /** How many requests have arrived. */
  requests: number
  /**
   * How much had been read when it last became idle: more than that is a request on its way. Undefined while one is
   * answered.
   */
  idleAt: number | undefined
  /** When that was, in ms as `performance.now` counts them. */
  since: number
}

/** A server's connections, and what each is doing. */
export interface Connections {
  /** How many are open. */
  count(): number
  opened(socket: Socket): void
  /** A request has arrived; its answer is still to be made. */
  asked(request: IncomingMessage, answer: ServerResponse): void
  /** Whether an answer has begun and not ended, so that nothing else may be written. */
  answering(socket: Socket): boolean
  /** From now on every answer whose head has not been sent says that its connection closes after it. */
  closeAfterAnswers(): void
  /** The same until it is taken back. */
  lameDuck(on: boolean): void
  /**
   * Closes those on which nothing has been under way for so long, in ms. A client that has not been told may send a
   * request at any time, and lose it: the longer a connection has been quiet, the less likely it is that it does so
   * just now.
   */
  closeIdle(ms: number): void
  /** Closes all, whatever they are doing. */
  cut(): void
}

/**
 * Keeps track of connections, to end them in good order. Node's own `server.closeIdleConnections()` does not do: it
 * cuts an answer that has been made but not yet been taken by the client, and it takes a connection on which nothing
 * was ever sent for a busy one.
 */
export function trackConnections(): Connections {
  const open = new Map<Socket, Connection>()
  let ending = false
  let leaving = false
  const tellAll = () => {
    for (const { answer } of open.values()) if (answer && !answer.headersSent) answer.setHeader('connection', 'close')
  }
  return {
    count: () => open.size,
    opened(socket) {
      open.set(socket, { answer: undefined, requests: 0, idleAt: 0, since: performance.now() })
      socket.once('close', () => open.delete(socket))
    },
    asked(request, answer) {
      const { socket } = request
      const connection = open.get(socket)
      if (!connection) return
      connection.answer = answer
      connection.idleAt = undefined
      if (ending || leaving) answer.setHeader('connection', 'close')
      const number = ++connection.requests
      const done = () => {
        if (connection.requests !== number) return
        connection.idleAt = socket.bytesRead
        connection.since = performance.now()
      }
      answer.on('close', () => {
        if (connection.answer === answer) connection.answer = undefined
        // A request that was answered early, such as one that is too long, may still be arriving.
        if (request.complete) done()
        else request.once('end', done)
      })
    },
    answering(socket) {
      const answer = open.get(socket)?.answer
      return Boolean(answer?.headersSent && !answer.writableFinished)
    },
    closeAfterAnswers() {
      ending = true
      tellAll()
    },
    lameDuck(on) {
      leaving = on
      if (on) tellAll()
    },
    closeIdle(ms) {
      const until = performance.now() - ms
      for (const [socket, { idleAt, since }] of open) if (socket.bytesRead === idleAt && since <= until) socket.destroy()
    },
    cut() {
      for (const socket of open.keys()) socket.destroy()
    },
  }
}
