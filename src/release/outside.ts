import { Failure } from '../../config/failure.ts'
import { until } from '../aws/retry.ts'
import type { Tell } from '../event.ts'
import type { Port } from './ports.ts'

/** How long a port may take to answer from outside, in seconds: security groups and addresses need a moment to work everywhere. */
const patience = 30

/** One answer to a health check from outside: healthy, or what was seen instead. */
export async function checkHealth(address: string, port: Port): Promise<{ healthy: boolean; seen: string }> {
  try {
    const response = await fetch(urlOf(address, port.port, port.health), { signal: AbortSignal.timeout(3000), redirect: 'manual' })
    await response.arrayBuffer()
    return { healthy: response.status === 200, seen: `HTTP ${response.status}` }
  } catch (error) {
    const cause = (error as Error).cause as NodeJS.ErrnoException | undefined
    return { healthy: false, seen: cause?.code ?? (error as Error).message }
  }
}

export function urlOf(address: string, port: number, path = ''): string {
  return `http://${address}:${port}${path}`
}

/**
 * Checks from here, as a user would reach it, that everything which is open to the world is healthy at an address. What is open to certain addresses only
 * cannot be judged from here and is left to the check on the machine.
 * @throws Failure that names the first port that does not answer
 */
export async function checkFromOutside(
  address: string,
  ports: readonly Port[],
  phase: string,
  signal: AbortSignal,
  tell: Tell,
): Promise<void> {
  await Promise.all(
    ports.map(async (port) => {
      if (port.expose !== 'public') {
        tell({ phase, step: port.name, state: 'skipped', detail: 'not open to the world: checked on the machine' })
        return
      }
      const start = performance.now()
      let seen = ''
      tell({ phase, step: port.name, state: 'started' })
      const healthy = await until(
        async () => {
          const answer = await checkHealth(address, port)
          seen = answer.seen
          return answer.healthy || undefined
        },
        { within: patience, signal, waiting: () => tell({ phase, step: port.name, state: 'progress', detail: seen }) },
      )
      const seconds = (performance.now() - start) / 1000
      tell({ phase, step: port.name, state: healthy ? 'done' : 'failed', detail: healthy ? urlOf(address, port.port) : seen, seconds })
      if (!healthy)
        throw new Failure(`${port.name} is healthy on its machine but does not answer from outside: ${seen}`, {
          on: urlOf(address, port.port, port.health),
          likely: 'This network does not let the port through, or the service listens on another interface.',
          next: `curl -v ${urlOf(address, port.port, port.health)}`,
        })
    }),
  )
}
