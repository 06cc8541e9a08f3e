import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Place } from './exchange.ts'

/** How long answers took that were asked for all the time, in ms. */
export interface Latencies {
  readonly asked: number
  /** The time that 99 of 100 stayed below; 0 where nothing was asked. */
  readonly p99: number
}

/**
 * Asks for `/health` all the time, and in the same way a bare server of this process: what that one takes is this
 * machine's own noise.
 */
export interface Prober {
  /** How often the service has been asked so far: each costs it something. */
  probes(): Promise<number>
  /** What was measured since the last call. */
  take(): Promise<{ health: Latencies; noise: Latencies }>
  close(): Promise<void>
}

/** One question each so many ms. */
const everyMs = 20

/** Both sides run on threads of their own: making bodies must not be taken for slowness of the service. */
export async function openProber({ host, port: asked }: Place): Promise<Prober> {
  const bare = new Worker(new URL('./prober-bare.ts', import.meta.url))
  const [port] = (await once(bare, 'message')) as [number]
  const worker = new Worker(new URL('./prober-worker.ts', import.meta.url), {
    workerData: {
      everyMs,
      places: [
        { host, port: asked },
        { host: '127.0.0.1', port },
      ],
    },
  })
  const ask = async (what: 'count' | 'take') => {
    worker.postMessage(what)
    const [answer] = await once(worker, 'message')
    return answer as number[][]
  }
  return {
    probes: async () => (await ask('count'))[0]![0]!,
    async take() {
      const [health = [], noise = []] = await ask('take')
      return { health: latenciesOf(health), noise: latenciesOf(noise) }
    },
    async close() {
      await Promise.all([worker.terminate(), bare.terminate()])
    },
  }
}

function latenciesOf(times: readonly number[]): Latencies {
  const sorted = [...times].sort((a, b) => a - b)
  return { asked: sorted.length, p99: sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0 }
}
