import { createServer, type Server } from 'node:net'
import { listen } from '../api/listen.ts'
import { admits } from './blocks.ts'
import { type Connection, join } from './connection.ts'
import { type Association, endpointOf, type Forwarding, type Refused } from './rules.ts'

const options = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true } as const

/** The TCP listeners of all public addresses, and the connections through them. */
export function createListeners() {
  /** By endpoint; where new connections go is changed when the address moves to another instance. */
  const listeners = new Map<string, { readonly server: Server; rule: Forwarding }>()
  const connections = new Set<Connection>()
  const refused = new Map<string, Refused>()

  const keep = (rule: Forwarding, server: Server) => {
    const listener = { rule, server }
    server.on('connection', (client) => {
      const { rule } = listener
      const from = client.remoteAddress ?? ''
      // A client that no rule admits is answered with a reset.
      if (!rule.from.some((cidr) => admits(cidr, from))) return void client.resetAndDestroy()
      const connection = join(client, rule)
      connections.add(connection)
      void connection.ended.then(() => connections.delete(connection))
    })
    listeners.set(endpointOf(rule), listener)
    refused.delete(endpointOf(rule))
  }

  const open = async (rule: Forwarding) => {
    const { address, port } = rule
    const server = createServer(options)
    const error = await listen(server, port, address)
    if (error === undefined) return keep(rule, server)
    const { code = 'unknown' } = error
    // It is tried again and again; the log says it once.
    if (refused.get(endpointOf(rule))?.code !== code)
      console.error(`cannot forward ${endpointOf(rule)}: ${error.message}; it is tried again`)
    refused.set(endpointOf(rule), { address, port, code })
  }

  return {
    /** The ports that were wanted and are held by another program; the next `apply` tries again. */
    refused: () => [...refused.values()],
    /**
     * Takes over a server that listens already, from the forwarder that was there before; at once, for what it accepts
     * meanwhile would be lost. It has none of the options; ours listens on the same socket.
     */
    adopt: (rule: Forwarding, server: Server) => keep(rule, createServer(options).listen(server)),

    /** Cuts the connections through public addresses that lead elsewhere by now; nobody is told. */
    cut(associations: readonly Association[]): void {
      for (const connection of connections) if (isMoved(connection.rule, associations)) connection.cut()
    },

    /** Makes the listeners match; returns when every port listens that can be had. Established connections live on. */
    async apply(wanted: readonly Forwarding[]): Promise<void> {
      const rules = new Map(wanted.map((rule) => [endpointOf(rule), rule]))
      for (const [endpoint, { server }] of listeners) {
        if (rules.has(endpoint)) continue
        listeners.delete(endpoint)
        server.close()
      }
      for (const endpoint of refused.keys()) if (!rules.has(endpoint)) refused.delete(endpoint)
      await Promise.all(
        [...rules].map(([endpoint, rule]) => {
          const listener = listeners.get(endpoint)
          if (listener) listener.rule = rule
          return listener ? undefined : open(rule)
        }),
      )
    },

    /**
     * Gives every server to `take`, then stops to accept. `idle`: when the last connection, which lives on, has ended.
     */
    async handOver(take: (endpoint: string, server: Server) => Promise<void>) {
      await Promise.all([...listeners].map(([endpoint, { server }]) => take(endpoint, server)))
      for (const { server } of listeners.values()) server.close()
      listeners.clear()
      return { idle: Promise.all([...connections].map(({ ended }) => ended)) }
    },
  }
}

/**
 * Whether the instance of a connection runs and the address of the connection does not lead to it any more. Where the
 * instance has ended, so have its sockets, and whoever was connected hears of that.
 */
function isMoved({ address, via }: Forwarding, associations: readonly Association[]): boolean {
  const now = associations.find((each) => each.via === via)
  return now !== undefined && address !== via && now.address !== address
}
