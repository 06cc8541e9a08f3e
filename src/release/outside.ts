import { Failure } from '../../config/failure.ts'
import { until } from '../aws/retry.ts'
import type { Tell } from '../event.ts'
import type { Condition } from './logs.ts'
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
 * @param inside how a container stands on its machine: asked of those that do not answer
 * @throws Failure that names the first port that does not answer
 */
export async function checkFromOutside(
  address: string,
  ports: readonly Port[],
  phase: string,
  signal: AbortSignal,
  tell: Tell,
  inside: (container: string) => Promise<Condition>,
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
      if (!healthy) throw await whySilent(port, urlOf(address, port.port, port.health), seen, inside)
    }),
  )
}

/** Why a service that was healthy on its machine does not answer from outside: what its container says decides whether the network is to blame. */
export async function whySilent(
  { name }: Port,
  url: string,
  seen: string,
  inside: (container: string) => Promise<Condition>,
): Promise<Failure> {
  const { restarts, outOfMemory, log } = await inside(name).catch((error: Error) => ({
    ...{ restarts: 0, outOfMemory: false },
    log: [`Its log could not be read: ${error.message}`],
  }))
  if (restarts === 0 && !outOfMemory)
    return new Failure(`${name} is healthy on its machine but does not answer from outside: ${seen}`, {
      on: url,
      log,
      likely: 'This network does not let the port through, or the service listens on another interface.',
      next: `curl -v ${url}`,
    })
  return new Failure(
    `${name} got healthy on its machine, but ended after that${restarts > 0 ? ` (it was started again ${restarts} times)` : ''}: ${seen}`,
    {
      on: url,
      log,
      likely: outOfMemory
        ? 'It takes more memory than its container may have: raise memoryMiB in mlops.config.ts, or let it load less.'
        : 'It fails on what it meets after its start: look at its last lines above.',
    },
  )
}
