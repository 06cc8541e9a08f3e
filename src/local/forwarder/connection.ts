import { connect, type Socket } from 'node:net'
import type { Forwarding } from './rules.ts'

/**
 * For how long the ends of a connection that was cut are left to their own devices, in ms: in the cloud's network the
 * packets of such a connection just stop, and its ends find out by limits of their own. Who has none is told after this
 * time.
 */
const silentFor = 5 * 60_000
/** So many cut connections are kept; of more, the oldest are closed. */
const mostSilent = 1000

/** A client's connection to an instance, by one rule. */
export interface Connection {
  readonly rule: Forwarding
  /** When it has ended on both sides. */
  readonly ended: Promise<void>
  /** Lets nothing through any more, and tells neither side. */
  cut(): void
}

const silent = new Set<() => void>()

/** Joins a client with the instance; a port on which nothing listens is answered with a reset. */
export function join(client: Socket, rule: Forwarding): Connection {
  const server = connect({ host: rule.to, port: rule.port, allowHalfOpen: true, noDelay: true })
  const both = [client, server]
  let isCut = false
  for (const [socket, other] of [
    [client, server],
    [server, client],
  ] as const) {
    // An error on one side ends the other in the same way: what the far end did must look as if it had done it here.
    socket.on('error', () => isCut || other.resetAndDestroy())
    socket.on('close', () => {
      if (!isCut && !other.destroyed && !other.writableEnded) other.end()
    })
    // Of a connection that was cut, each side ends alone.
    socket.on('end', () => isCut && socket.destroy())
  }
  server.once('connect', () => {
    if (isCut) return
    client.pipe(server)
    server.pipe(client)
  })
  const ended = Promise.all(both.map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())))).then(
    () => undefined,
  )

  return {
    rule,
    ended,
    cut() {
      if (isCut) return
      isCut = true
      const close = () => {
        for (const socket of both) socket.destroy()
      }
      // What still comes is read, so that the end of a side is noticed, and goes nowhere.
      for (const socket of both) socket.unpipe().resume()
      silent.add(close)
      const late = setTimeout(close, silentFor).unref()
      void ended.then(() => {
        clearTimeout(late)
        silent.delete(close)
      })
      if (silent.size > mostSilent) silent.values().next().value?.()
    },
  }
}
