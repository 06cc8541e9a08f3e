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
  /** Requests a second in all, evenly spread; as fast as the answers come where nothing is said. */
  readonly rate?: number
}

/**
 * Asks a server on the loopback as hard as one process can: plain sockets, requests that are made once, answers of which only the head is looked at. A client that
 * costs as much as the server would measure itself.
 */
export async function load(options: Load): Promise<Measured> {
  const { port, method = 'POST', path, body, connections } = options
  const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`
  const request = Buffer.from(head + body)
  const times: number[] = []
  let wrong = 0
  let left = options.answers ?? Number.POSITIVE_INFINITY
  const started = performance.now()
  const end = started + (options.ms ?? Number.POSITIVE_INFINITY)
  let due = started
  const gap = options.rate === undefined ? 0 : 1000 / options.rate

  const ask = (socket: Socket) =>
    new Promise<void>((resolve, reject) => {
      let sent = 0
      let got: Buffer | undefined
      const next = () => {
        const now = performance.now()
        if (now >= end || left <= 0) return socket.end(resolve)
        left--
        if (gap === 0) return write(now)
        // When it should be sent, also where this client is late: what waits is waiting for the server.
        const at = Math.max(due, now - 1000)
        due = at + gap
        if (at <= now) write(at)
        // A timer counts in whole milliseconds and may fire early: what is sent before its time takes as long as it takes from then on.
        else setTimeout(() => write(Math.min(at, performance.now())), at - now)
      }
      const write = (at: number) => {
        sent = at
        socket.write(request)
      }
      socket.on('error', reject)
      socket.on('data', (piece) => {
        got = got ? Buffer.concat([got, piece]) : piece
        const status = statusOfWhole(got)
        if (status === undefined) return
        got = undefined
        if (status !== options.expect) wrong++
        times.push(performance.now() - sent)
        next()
      })
      next()
    })
  await Promise.all(Array.from({ length: connections }, () => opened(port).then(ask)))
  const seconds = (performance.now() - started) / 1000
  times.sort((a, b) => a - b)
  const share = (part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN
  return { rate: times.length / seconds, answers: times.length, wrong, p50: share(0.5), p99: share(0.99) }
}

function opened(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket))
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
