/**
 * How one cloud follows another on the same port without a moment in which nobody listens: the one that ends starts the
 * next and gives it its listening socket. Calls that come meanwhile wait in the socket's queue, and are answered by the
 * next.
 */
import { createServer, type Server } from 'node:http'
import type { Server as SocketServer } from 'node:net'
import path from 'node:path'
import { serverOptions } from '../api/listen.ts'
import { spawnDetached } from './spawn.ts'

/** The process that is to follow: how `start.ts` would start it. */
export interface Successor {
  /** Its program and the arguments after it. */
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Starts the successor and hands the socket over; false where it cannot be started, and then nothing has changed. */
export async function bequeath(folder: string, server: Server, { command, env }: Successor): Promise<boolean> {
  const child = spawnDetached(command, { cwd: folder, log: path.join(folder, 'cloud.log'), env, ipc: true })
  const given = await new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false))
    child.send('listen', server as unknown as SocketServer, {}, (error) => resolve(error === null))
  })
  if (child.connected) child.disconnect()
  return given
}

/**
 * The server of the cloud before this one, where there was one that handed it over. Calls wait until it is given a
 * listener.
 */
export async function inherit(): Promise<{ server: Server; port: number } | undefined> {
  if (!process.send) return undefined
  const server = await new Promise<Server | undefined>((resolve) => {
    process.once('message', (_, given) => resolve(given ? adopt(given as SocketServer) : undefined))
    process.once('disconnect', () => resolve(undefined))
  })
  if (process.connected) process.disconnect()
  const address = server?.address()
  return server && address && typeof address === 'object' ? { server, port: address.port } : undefined
}

/** In the same breath, for what the given server accepts would be lost: it speaks no HTTP. */
function adopt(given: SocketServer): Server {
  return createServer(serverOptions).listen(given)
}
