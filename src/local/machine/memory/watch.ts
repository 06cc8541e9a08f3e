import { setTimeout as sleep } from 'node:timers/promises'
import type { Containers } from '../docker/containers/containers.ts'
import type { InstanceFolder, Settings } from '../folder.ts'
import { containerMemoryMiB } from './capacity.ts'
import { victims } from './out-of-memory.ts'
import { residentOf } from './resident.ts'
import { swapMiB } from './swap.ts'

/** How often it is looked, in ms. A kernel needs no look; a look costs this one some milliseconds. */
const interval = 1000

const mib = 1024 ** 2

/** Ends what a kernel would end for its memory, for as long as the machine's process lives. */
export async function watchMemory(folder: InstanceFolder, settings: Settings, containers: Containers): Promise<never> {
  for (;;) {
    await sleep(interval, undefined, { ref: false })
    const running = containers.list().filter(({ record }) => record.state.pid > 0)
    const swap = swapMiB(folder) * mib
    const resident = await residentOf(new Set(running.map(({ record }) => record.state.pid)))
    const watched = running.map(({ record: { id, state, host } }) => {
      return { id, limit: limitOf(host, swap), processes: resident.get(state.pid) ?? [] }
    })
    for (const { id, pid, why } of victims(watched, containerMemoryMiB(settings.memoryMiB) * mib + swap)) {
      const { record } = containers.get(id)
      console.error(`out of memory: process ${pid} of container ${record.name} is killed, because ${why}`)
      containers.outOfMemory(id, pid)
    }
  }
}

/**
 * How much a container may have in memory and swap, in bytes; 0 for any. Without `--memory-swap`, docker lets it have
 * as much swap as memory.
 */
function limitOf({ memory, memorySwap }: { memory: number; memorySwap: number }, swap: number): number {
  if (memory === 0) return 0
  const own = memorySwap === -1 ? swap : memorySwap > 0 ? memorySwap - memory : memory
  return memory + Math.min(own, swap)
}
