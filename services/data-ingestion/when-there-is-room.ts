import { setTimeout } from 'node:timers/promises'
import type { Log } from '../kit/log.ts'
import { isDiskTrouble, isFull } from './sqlite-file.ts'
import type { Store } from './store.ts'

/**
 * How often (ms) is tried again to open a store on a disk without room, and after how many times that is said again.
 */
const roomTries = { everyMs: 1000, sayEvery: 60 }

/**
 * Opens a store; waits while the disk has no room. To end would help nobody: whoever starts us again waits longer each
 * time, and goes on waiting when there is room.
 *
 * @throws what opening throws for any other reason
 */
export async function whenThereIsRoom(open: () => Store, log: Log): Promise<Store> {
  for (let tries = 0; ; tries++) {
    try {
      return open()
    } catch (error) {
      if (!isFull(error) && !isDiskTrouble(error)) throw error
      if (tries % roomTries.sayEvery === 0)
        log('error', 'the disk has no room for the database; the service starts when there is', { error })
      await setTimeout(roomTries.everyMs)
    }
  }
}
