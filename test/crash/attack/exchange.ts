import { connect } from 'node:net'
import type { Connection } from './case.ts'

/** Where the service is. */
export interface Place {
  readonly host: string
  readonly port: number
}

/** What came of one connection. */
export interface Outcome {
  /** Of every answer on it, 1xx left out. */
  readonly statuses: readonly number[]
  /** Bytes that the service can have received, and that came back. */
  readonly sent: number
  readonly received: number
  /** `closed`: by the service; `left`: by this client; `silent`: nothing came for the client's whole patience. */
  readonly end: 'closed' | 'left' | 'silent' | 'unreachable'
}

/**
 * How long a client waits for an answer without a byte of it, in ms: a little longer than the services let a connection
 * stall.
 */
const patienceMs = 75_000
/** As much of what comes back is looked at for statuses. */
const looked = 256 * 1024

/** Makes one connection and does on it what is to be done. Never rejects: whatever happens is an outcome. */
export function exchange(place: Place, connection: Connection): Promise<Outcome> {
  const { pieces, everyMs = 0, leave, abrupt = false, deaf = false } = connection
  return new Promise((resolve) => {
    const socket = connect({ ...place, allowHalfOpen: false })
    let text = ''
    let received = 0
    let end: Outcome['end'] = 'unreachable'
    let pause: NodeJS.Timeout | undefined
    let leaving: NodeJS.Timeout | undefined

    const go = () => {
      end = 'left'
      if (abrupt) socket.resetAndDestroy()
      else socket.destroy()
    }
    const send = (index: number) => {
      if (!socket.writable) return
      if (index === pieces.length) {
        if (leave === 'sent') go()
        return
      }
      const on = () => {
        if (everyMs > 0) pause = setTimeout(send, everyMs, index + 1)
        else send(index + 1)
      }
      socket.write(pieces[index]!, (error) => !error && on())
    }
    socket.setNoDelay(true)
    socket.setTimeout(patienceMs, () => {
      end = 'silent'
      socket.destroy()
    })
    socket.once('connect', () => {
      end = 'closed'
      if (typeof leave === 'number') leaving = setTimeout(go, leave)
      send(0)
    })
    if (!deaf) {
      socket.on('data', (piece) => {
        received += piece.length
        if (text.length < looked) text += piece.toString('latin1')
        if (leave === 'answer') go()
      })
    }
    // What an error means is seen from what came before it.
    socket.on('error', () => {})
    socket.once('close', () => {
      clearTimeout(pause)
      clearTimeout(leaving)
      resolve({ statuses: statusesIn(text), sent: socket.bytesWritten, received, end })
    })
  })
}

function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)).filter((status) => status >= 200)
}
