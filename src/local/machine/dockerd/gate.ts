import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { onPath } from '../../../report/on-path.ts'

const listenInside = fileURLToPath(new URL('./listen-inside.ts', import.meta.url))

/**
 * Opens the same loopback addresses in the network namespace of a process, so that a URL means the same server on both
 * sides. A socket belongs to the namespace in which it was made: a short-lived process makes them there and hands them
 * over. Containers on a bridge have loopbacks of their own and reach none of this, as on AWS those do not reach the
 * metadata service that are one hop farther than it answers.
 *
 * @param pid a process in the other namespace
 * @param urls whose hosts are addresses
 * @returns how to close them
 * @throws Error when an address cannot be had there
 */
export async function openGate(pid: number, urls: readonly string[]): Promise<() => void> {
  const servers = new Set<Server>()
  const sockets = new Set<Socket>()
  const to = urls.map((url) => new URL(url)).map(({ hostname, port }) => ({ host: hostname, port: Number(port) }))
  const helper = spawn(
    onPath('nsenter') ?? 'nsenter',
    [`--net=/proc/${pid}/ns/net`, process.execPath, '--disable-warning=ExperimentalWarning', listenInside, JSON.stringify(to)],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  )
  helper.on('message', (index, handle) => {
    const server = handle as Server
    servers.add(server)
    server.on('connection', (client: Socket) => join(client, connect({ ...to[index as number]!, noDelay: true }), sockets))
  })
  const [code] = await once(helper, 'exit')
  if (code !== 0 || servers.size < to.length) throw new Error(`the namespace of process ${pid} has no room for ${urls.join(', ')}`)
  return () => {
    for (const server of servers) server.close()
    for (const socket of sockets) socket.destroy()
  }
}

/** Joins two connections; what ends or breaks one does the same to the other. */
function join(one: Socket, other: Socket, sockets: Set<Socket>): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    sockets.add(from)
    from.on('error', () => to.destroy())
    from.on('close', () => {
      sockets.delete(from)
      to.end()
    })
    from.pipe(to)
  }
}
