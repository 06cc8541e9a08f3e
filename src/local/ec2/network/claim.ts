import { once } from 'node:events'
import { createServer } from 'node:net'
import { accepts, listen, whyTaken } from '../../api/listen.ts'
import { within } from '../../process/within.ts'

/**
 * All the embedded clouds of a computer share its loopback, and know nothing of each other. So each forwarder listens
 * on this port of every Elastic IP that its cloud has given, and talks to nobody there: the kernel lets one program
 * have it, whosever it is, and takes it back when that ends, however it ends.
 */
export const claimPort = 4779
/**
 * Whoever listens on this port of 127.0.0.1 is giving an address: between the look and the claim there must be nobody
 * else.
 */
const turnPort = 4778

/** How long to wait for others who are giving an address, and for the forwarder to take the claim, in ms. */
const patience = 5_000

/**
 * Whether clouds look at each other's addresses. `MLOPS_LOOPBACK=shared` says no: for tests that run side by side on
 * one address, each with ports of its own.
 */
export function claimsAddresses(env: NodeJS.ProcessEnv = process.env): boolean {
  return env.MLOPS_LOOPBACK !== 'shared'
}

/** Whether a cloud of this computer has claimed this address already, or it is no address of this computer. */
export async function isClaimed(address: string): Promise<boolean> {
  return (await whyTaken(claimPort, address)) !== undefined
}

/**
 * Does `give`, which chooses an address and puts it into the store, while no other cloud does the like, and waits until
 * the forwarder has claimed it. When the turn does not come, because another program sits on its port, it goes on
 * without: then two who ask in the same moment may get the same address, and find that out when only one of them gets
 * its ports.
 */
export async function inTurn<T extends { PublicIp: string }>(give: () => Promise<T>): Promise<T> {
  const turn = createServer((socket) => socket.resetAndDestroy())
  const free = async () => (await listen(turn, turnPort, '127.0.0.1')) === undefined
  const held = await within(patience, 20, free)
  try {
    const given = await give()
    await within(patience, 20, () => accepts({ host: given.PublicIp, port: claimPort }))
    return given
  } finally {
    if (held) await once(turn.close(), 'close')
  }
}
