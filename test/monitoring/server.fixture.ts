import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

/** A server that runs as a process of its own. */
export interface Running {
  stop(): Promise<void>
}

/** So many ports that were free a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

/**
 * Starts a program and waits until a URL of it answers 200.
 *
 * @throws Error with what it wrote, when it ends instead
 */
export async function start(program: string, args: readonly string[], ready: string, cwd?: string): Promise<Running> {
  const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  let written = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece) => {
      written += piece
    })
  let ended = false
  const end = once(child, 'close').then(() => {
    ended = true
  })
  const stop = async () => {
    child.kill('SIGTERM')
    await end
  }
  try {
    await until(`${program} to answer`, async () => {
      if (ended) throw new Error(`${program} ended: ${written}`)
      return (await fetch(ready).catch(() => undefined))?.ok
    })
  } catch (error) {
    await stop()
    throw error
  }
  return { stop }
}

/**
 * Asks again and again until there is an answer other than undefined and false.
 * @throws Error after 30 s that says what was missing
 */
export async function until<T>(what: string, ask: () => Promise<T | undefined | false>, missing: () => string = () => ''): Promise<T> {
  const deadline = Date.now() + 30_000
  for (;;) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what} ${missing()}`)
    await pause(50)
  }
}
