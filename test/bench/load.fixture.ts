import { connect, type Socket } from 'node:net'

/** What a load came to. */
export interface Measured {
  /** Answers a second. */
  readonly rate: number
  readonly answers: number
  /** Answers whose status was not the expected one. */
  readonly wrong: number
  /** The time from a request to the end of its answer that 50 and 99 of 100 stay below, in ms. */
  readonly p50: number
  readonly p99: number
}

export interface Load {
  /** 127.0.0.1 where nothing is said. */
  readonly host?: string
  readonly port: number
  readonly method?: string
  readonly path: string
  readonly body: string
  readonly expect: number
  /** How many connections ask at the same time, each for one thing after the other. */
  readonly connections: number
  /** Ends after so long, in ms, or after so many answers. */
  readonly ms?: number
  readonly answers?: number
  /**
   * What is asked for in the first so many ms is not counted: a server that has just been idle takes a while to its
   * usual speed.
   */
  readonly warmMs?: number
  /** Requests a second in all, evenly spread; as fast as the answers come where nothing is said. */
  readonly rate?: number
}

/**
 * Asks a server on the loopback as hard as one process can: plain sockets, requests that are made once, answers of
 * which only the head is looked at, and one buffer a connection for all of them. A client that costs as much as the
 * server would measure itself, and one that stops to collect its own garbage takes its stops for the server's.
 */
export async function load(options: Load): Promise<Measured> {
  const { host = '127.0.0.1', port, method = 'POST', path, body } = options
  const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`
  const request = Buffer.from(head + body)
  const times: number[] = []
  let wrong = 0
  let left = options.answers ?? Number.POSITIVE_INFINITY
  const connections = await Promise.all(Array.from({ length: options.connections }, () => open(host, port)))
  // The clock starts here: what is due while connections are still being opened would wait for them and not for the
  // server.
  let due = performance.now()
  const started = due + (options.warmMs ?? 0)
  const end = started + (options.ms ?? Number.POSITIVE_INFINITY)
  const gap = options.rate === undefined ? 0 : 1000 / options.rate

  const ask = (connection: Connection) =>
    new Promise<void>((resolve, reject) => {
      const { socket } = connection
      let sent = 0
      const next = () => {
        const now = performance.now()
        if (now >= end || left <= 0) return socket.end(resolve)
        left--
        if (gap === 0) return write(now)
        // When it should be sent, also where this client is late: what waits is waiting for the server.
        const at = Math.max(due, now - 1000)
        due = at + gap
        if (at <= now) write(at)
        // A timer counts in whole milliseconds and may fire early: what is sent before its time takes as long as it
        // takes from then on.
        else setTimeout(() => write(Math.min(at, performance.now())), at - now)
      }
      const write = (at: number) => {
        sent = at
        socket.write(request)
      }
      connection.answered = (status) => {
        if (status !== options.expect) wrong++
        if (sent >= started) times.push(performance.now() - sent)
        next()
      }
      socket.on('error', reject)
      next()
    })
  await Promise.all(connections.map(ask))
  const seconds = (performance.now() - started) / 1000
  times.sort((a, b) => a - b)
  const share = (part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN
  return { rate: times.length / seconds, answers: times.length, wrong, p50: share(0.5), p99: share(0.99) }
}

interface Connection {
  readonly socket: Socket
  /** Is told the status of each answer that is there as a whole. */
  answered: (status: number) => void
}

function open(host: string, port: number): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let begun: Buffer | undefined
    const onread = {
      buffer: Buffer.allocUnsafe(16 * 1024),
      callback(bytes: number, buffer: Uint8Array) {
        const piece = (buffer as Buffer).subarray(0, bytes)
        const got = begun ? Buffer.concat([begun, piece]) : piece
        const status = statusOfWhole(got)
        // What is read next comes into the same buffer.
        begun = status === undefined ? Buffer.from(got) : undefined
        if (status !== undefined) connection.answered(status)
        return true
      },
    }
    const socket = connect({ port, host, noDelay: true, onread }, () => resolve(connection))
    const connection: Connection = { socket, answered: () => {} }
    socket.once('error', reject)
  })
}

/** The status of an answer that is there as a whole; undefined while it is not. */
function statusOfWhole(got: Buffer): number | undefined {
  const text = got.toString('latin1', 0, 600)
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1])
  return got.length >= end + 4 + length ? Number(text.slice(9, 12)) : undefined
}

/** The middle one of some numbers. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}
