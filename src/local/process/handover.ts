/**
 * How one cloud follows another on the same port without a moment in which nobody listens: the one that ends starts the
 * next and gives it its listening socket. Calls that come meanwhile wait in the socket's queue, and are answered by the
 * next.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { Server as SocketServer } from 'node:net'
import path from 'node:path'
import { serverOptions } from '../api/listen.ts'
import { type Lock, takeLock } from './lock.ts'

/** The process that is to follow: how `start.ts` would start it. */
export interface Successor {
  /** Its program and the arguments after it. */
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Starts the successor and hands the socket over; false where it cannot be started, and then nothing has changed. */
export async function bequeath(folder: string, server: Server, { command, env }: Successor): Promise<boolean> {
  const log = openSync(path.join(folder, 'cloud.log'), 'a', 0o600)
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...command], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env,
  })
  closeSync(log)
  const given = await new Promise<boolean>((resolve) => {
    child.once('error', () => resolve(false))
    child.send('listen', server as unknown as SocketServer, {}, (error) => resolve(error === null))
  })
  if (child.connected) child.disconnect()
  child.unref()
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

/**
 * The lock, as soon as the cloud before this one has let go of it; undefined where it does not within `patience` ms.
 */
export async function lockAfter(file: string, patience: number): Promise<Lock | undefined> {
  for (const giveUp = Date.now() + patience; ; ) {
    const lock = takeLock(file)
    if (lock || Date.now() > giveUp) return lock
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
