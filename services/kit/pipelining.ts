import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { turn } from './turns.ts'

/** How many requests of a connection may wait for the answers to those before them. */
const mostWaiting = 16

interface Waiting {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/**
 * Handles the requests of a connection one after the other, and lets others go first between two of them. Node hands
 * over all that have arrived at once, and a thousand fit into a packet or two: their answers would stand in memory
 * together, since they leave in order anyway. A connection on which more wait than `mostWaiting` is read no further and
 * closes after the answers to those; its client has to send the rest again, as RFC 9112 (section 9.3.2) expects of it.
 *
 * @param taken is told of each request that will be answered, as it arrives
 */
export function oneByOne(handler: RequestListener, taken: (request: IncomingMessage, response: ServerResponse) => void): RequestListener {
  /** Of each connection that has a request in its handler: those that wait. */
  const waiting = new WeakMap<Duplex, Waiting[]>()

  const handle = (socket: Duplex, { request, response }: Waiting) => {
    response.once('close', () => void next(socket))
    handler(request, response)
  }
  const next = async (socket: Duplex) => {
    if (!waiting.get(socket)?.length || socket.destroyed) return waiting.delete(socket)
    await turn()
    const first = waiting.get(socket)?.shift()
    if (first && !socket.destroyed) handle(socket, first)
  }

  return (request, response) => {
    const { socket } = request
    const queue = waiting.get(socket)
    if (queue && queue.length >= mostWaiting) {
      socket.pause()
      queue.at(-1)!.response.setHeader('connection', 'close')
      return
    }
    taken(request, response)
    if (queue) queue.push({ request, response })
    else {
      waiting.set(socket, [])
      handle(socket, { request, response })
    }
  }
}
