import type { Connections } from './connections.ts'

/**
 * A lame duck serves on, but is about to be left: every answer says that its connection closes after it, and what is
 * quiet is closed, so that clients are between connections when whatever leads them here leads elsewhere. It ends by
 * itself: where they are not led away after all, nothing has happened.
 */

/** The signal by which the machine makes a lame duck of a service. */
export const lameDuckSignal = 'SIGUSR2'

/** How often quiet connections are looked for, in ms. */
const lookMs = 50

/**
 * Says, in every answer, that this process takes the signal: whoever would send it must know, since it ends a process
 * that does not.
 *
 * @returns the header `x-lame-duck`, or none where nobody listens for the signal here
 */
export function lameDuckHeader(): Readonly<Record<string, string>> {
  return process.listenerCount(lameDuckSignal) > 0 ? { 'x-lame-duck': lameDuckSignal } : {}
}

/** @returns makes a lame duck of a server for `limits.lameDuckMs`; when it is one already, from the start again */
export function createLameDuck(connections: Connections, limits: { readonly lameDuckMs: number; readonly quietMs: number }): () => void {
  let look: NodeJS.Timeout | undefined
  let end: NodeJS.Timeout | undefined
  return () => {
    clearInterval(look)
    clearTimeout(end)
    const begun = performance.now()
    // One that was quiet before may be the one whose client asks just now: it is given the time to be told.
    const closeQuiet = () => performance.now() - begun >= limits.quietMs && connections.closeIdle(limits.quietMs)
    connections.lameDuck(true)
    // After the loop has looked for what has arrived: so a request that is here already is not taken for silence.
    look = setInterval(() => setImmediate(closeQuiet), lookMs).unref()
    end = setTimeout(() => {
      clearInterval(look)
      connections.lameDuck(false)
    }, limits.lameDuckMs).unref()
  }
}
