import { connect, createServer, type Server } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

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
const patience = { turn: 5_000, claim: 5_000 }

/**
 * Whether clouds look at each other's addresses. `MLOPS_LOOPBACK=shared` says no: for tests that run side by side on
 * one address, each with ports of its own.
 */
export function claimsAddresses(env: NodeJS.ProcessEnv = process.env): boolean {
  return env.MLOPS_LOOPBACK !== 'shared'
}

/** Whether a cloud of this computer has claimed this address already, or it is no address of this computer. */
export async function isClaimed(address: string): Promise<boolean> {
  const probe = await hold(address, claimPort)
  if (probe) await released(probe)
  return !probe
}

/**
 * Does `give`, which chooses an address and puts it into the store, while no other cloud does the like, and waits until
 * the forwarder has claimed it. When the turn does not come, because another program sits on its port, it goes on
 * without: then two who ask in the same moment may get the same address, and find that out when only one of them gets
 * its ports.
 */
export async function inTurn<T extends { PublicIp: string }>(give: () => Promise<T>): Promise<T> {
  let turn: Server | undefined
  for (const giveUp = Date.now() + patience.turn; !turn && Date.now() < giveUp; await sleep(turn ? 0 : 20))
    turn = await hold('127.0.0.1', turnPort)
  try {
    const given = await give()
    for (const giveUp = Date.now() + patience.claim; Date.now() < giveUp && !(await answers(given.PublicIp)); ) await sleep(20)
    return given
  } finally {
    if (turn) await released(turn)
  }
}

function hold(address: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.resetAndDestroy())
    server.once('error', () => resolve(undefined)).listen(port, address, () => resolve(server))
  })
}

function released(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

/** Whether somebody listens on the claim's port of an address. */
function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(claimPort, address, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}
