import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createSocketServer, type Server as SocketServer } from 'node:net'

/** Between two calls a client rests: a connection that the server closes just then looks like a lost answer. */
export const serverOptions = { keepAliveTimeout: 60_000 } as const

/**
 * An HTTP server that holds a port of 127.0.0.1; it answers nothing until it is given a listener.
 * @returns undefined where the port is taken
 */
export async function holdPort(port: number): Promise<{ server: Server; port: number } | undefined> {
  const server = createServer(serverOptions)
  if (!(await bound(server, port, '127.0.0.1'))) return undefined
  return { server, port: (server.address() as AddressInfo).port }
}

/** Whether the loopback has one address only, as on macOS. `MLOPS_LOOPBACK=one` pretends that it has. */
export async function hasOneAddress(): Promise<boolean> {
  if (process.env.MLOPS_LOOPBACK === 'one') return true
  const probe = createSocketServer()
  const second = await bound(probe, 0, '127.0.0.2')
  if (second) await new Promise((resolve) => probe.close(resolve))
  return !second
}

/** Starts to listen; false where the address or the port cannot be had. */
function bound(server: SocketServer, port: number, host: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EADDRNOTAVAIL') resolve(false)
      else reject(error)
    })
    server.listen(port, host, () => {
      server.removeAllListeners('error')
      resolve(true)
    })
  })
}
