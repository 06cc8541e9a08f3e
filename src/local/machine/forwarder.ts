import { connect, createServer, type Server, type Socket } from 'node:net'
import { admits, type Forwarding } from './forwarding.ts'

/** The TCP forwarders of all public addresses. */
export interface Forwarders {
  /** Makes the forwarders match; returns when every port listens that can be had. Established connections live on. */
  apply(wanted: readonly Forwarding[]): Promise<void>
  /** Which of these ports on this address a program holds that is not one of our forwarders. */
  taken(address: string, ports: readonly number[]): Promise<number[]>
  /** Closes every port and every connection. */
  close(): Promise<void>
}

interface Listener {
  readonly server: Server
  /** Where new connections go; changed when the address moves to another instance. */
  rule: Forwarding
}

export function createForwarders(): Forwarders {
  const listeners = new Map<string, Listener>()
  const connections = new Set<Socket>()
  /** Ports that could not be had, so that the log says it once. */
  const refused = new Map<string, string>()

  const open = async (key: string, rule: Forwarding) => {
    const listener: Listener = { rule, server: createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }) }
    listener.server.on('connection', (client) => forward(client, listener.rule, connections))
    const error = await listen(listener.server, rule.address, rule.port)
    if (error === undefined) {
      listeners.set(key, listener)
      refused.delete(key)
    } else if (refused.get(key) !== error.code) {
      refused.set(key, error.code ?? '')
      console.error(`cannot forward ${key}: ${error.message}; it is tried again`)
    }
  }

  /** A probe for a taken port and a listener must not meet on the same port. */
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work)
    turn = result.catch(() => undefined)
    return result
  }

  return {
    apply: (wanted) => inTurn(() => match(wanted)),
    taken: (address, ports) => inTurn(() => probe(address, ports)),

    async close() {
      const servers = [...listeners.values()].map(({ server }) => new Promise((resolve) => server.close(resolve)))
      listeners.clear()
      for (const socket of connections) socket.destroy()
      await Promise.all(servers)
    },
  }

  async function match(wanted: readonly Forwarding[]): Promise<void> {
    const rules = new Map(wanted.map((rule) => [`${rule.address}:${rule.port}`, rule]))
    for (const [key, { server }] of listeners) {
      if (rules.has(key)) continue
      listeners.delete(key)
      server.close()
    }
    await Promise.all(
      [...rules].map(([key, rule]) => {
        const listener = listeners.get(key)
        if (listener) listener.rule = rule
        return listener ? undefined : open(key, rule)
      }),
    )
  }

  async function probe(address: string, ports: readonly number[]): Promise<number[]> {
    const answers = await Promise.all(
      ports.map(async (port) => {
        if (listeners.has(`${address}:${port}`)) return false
        const server = createServer()
        const error = await listen(server, address, port)
        if (error) return true
        await new Promise((resolve) => server.close(resolve))
        return false
      }),
    )
    return ports.filter((_, index) => answers[index])
  }
}

/** Resolves to the reason when the port cannot be had. */
function listen(server: Server, address: string, port: number): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    server.once('error', resolve)
    server.listen(port, address, () => {
      server.off('error', resolve)
      resolve(undefined)
    })
  })
}

/** Joins a client with the instance; a client that no rule admits, or a port on which nothing listens, is answered with a reset. */
function forward(client: Socket, rule: Forwarding, connections: Set<Socket>): void {
  const from = client.remoteAddress ?? ''
  if (!rule.from.some((cidr) => admits(cidr, from))) return void client.resetAndDestroy()
  const server = connect({ host: rule.to, port: rule.port, allowHalfOpen: true, noDelay: true })
  for (const [socket, other] of [
    [client, server],
    [server, client],
  ] as const) {
    connections.add(socket)
    // An error on one side ends the other in the same way: what the far end did must look as if it had done it here.
    socket.on('error', () => other.resetAndDestroy())
    socket.on('close', () => {
      connections.delete(socket)
      if (!other.destroyed && !other.writableEnded) other.end()
    })
  }
  server.once('connect', () => {
    client.pipe(server)
    server.pipe(client)
  })
}
