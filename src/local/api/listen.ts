import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect, createServer as createSocketServer, type NetConnectOpts, type Server as SocketServer } from 'node:net'

/** Between two calls a client rests: a connection that the server closes just then looks like a lost answer. */
export const serverOptions = { keepAliveTimeout: 60_000 } as const

/** Starts to listen. Resolves to the reason where the address or the port cannot be had. */
export async function listen(server: SocketServer, port: number, host: string): Promise<NodeJS.ErrnoException | undefined> {
  try {
    await once(server.listen(port, host), 'listening')
    return undefined
  } catch (error) {
    return error as NodeJS.ErrnoException
  }
}

/** Why nobody can have a port just now, found out by listening on it for a moment; undefined where one can. */
export async function whyTaken(port: number, host: string): Promise<NodeJS.ErrnoException | undefined> {
  const probe = createSocketServer()
  const reason = await listen(probe, port, host)
  if (reason === undefined) await once(probe.close(), 'close')
  return reason
}

/** Whether somebody accepts connections there, within a second. */
export async function accepts(where: NetConnectOpts): Promise<boolean> {
  const socket = connect({ timeout: 1000, ...where })
  socket.once('timeout', () => socket.destroy(new Error('no answer')))
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/**
 * An HTTP server that holds a port of 127.0.0.1; it answers nothing until it is given a listener.
 * @returns undefined where the port is taken
 */
export async function holdPort(port: number): Promise<{ server: Server; port: number } | undefined> {
  const server = createServer(serverOptions)
  const reason = await listen(server, port, '127.0.0.1')
  if (reason?.code === 'EADDRINUSE') return undefined
  if (reason) throw reason
  return { server, port: (server.address() as AddressInfo).port }
}

/** Whether the loopback has one address only, as on macOS. `MLOPS_LOOPBACK=one` pretends that it has. */
export async function hasOneAddress(): Promise<boolean> {
  return process.env.MLOPS_LOOPBACK === 'one' || (await whyTaken(0, '127.0.0.2')) !== undefined
}
