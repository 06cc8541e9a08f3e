import { until } from '../../aws/retry.ts'
import type { Emit, Phase } from '../../report/event.ts'
import { Failure } from '../../report/failure.ts'
import { step } from '../../report/step.ts'
import type { LastWords } from '../logs.ts'
import type { Port } from '../stage/ports.ts'

/**
 * How long a port may take to answer from outside, in seconds: security groups and addresses need a moment to work
 * everywhere.
 */
const patience = 30

/** What came of a health check from outside. */
export interface Answer {
  readonly healthy: boolean
  /** `HTTP 200`, or what came instead: the status with the head of the body, or why there was none. */
  readonly seen: string
}

/** How much of an answer is shown that is not 200, in characters. */
const shown = 200

/**
 * One health check from outside.
 * @param identity what the answer must carry (`x-release-id`); undefined where the container is known not to answer
 *   with one
 */
export async function checkHealth(address: string, port: Pick<Port, 'port' | 'health'>, identity?: string): Promise<Answer> {
  try {
    const response = await fetch(urlOf(address, port.port, port.health), {
      signal: AbortSignal.timeout(3000),
      redirect: 'manual',
      // A connection that is kept may be one that an address which moved has cut.
      headers: { connection: 'close' },
    })
    const text = await response.text()
    const head = text.slice(0, shown).replaceAll(/\s+/g, ' ').trim()
    if (response.status !== 200) return { healthy: false, seen: `HTTP ${response.status}${head ? ` ${head}` : ''}` }
    const given = response.headers.get('x-release-id')
    if (identity === undefined || given === identity) return { healthy: true, seen: 'HTTP 200' }
    return {
      healthy: false,
      seen: `HTTP 200 from ${given === null ? 'another program' : `another launch, ${given} instead of ${identity}`}`,
    }
  } catch (error) {
    const cause = (error as Error).cause as NodeJS.ErrnoException | undefined
    return { healthy: false, seen: cause?.code ?? (error as Error).message }
  }
}

/**
 * Asks as somebody who has no token, for what is not health.
 * @throws Failure where that is answered although the config says that the service demands a token
 */
async function refuseOpen({ name, port }: Port, address: string, signal: AbortSignal): Promise<void> {
  const url = urlOf(address, port, '/')
  let seen = ''
  const ask = async () => {
    seen = (await checkHealth(address, { port, health: '/' })).seen
    return seen.startsWith('HTTP ') || undefined
  }
  await until(ask, { within: patience, signal, waiting: () => undefined })
  if (/^HTTP (401|429) /.test(seen)) return
  throw new Failure(`${name} is to demand a token, but this is what a stranger gets: ${seen}`, {
    on: url,
    likely: "It is not on services/kit, or its own code gives createService an access that is not the launch's.",
    next: `curl -i ${url}`,
  })
}

export function urlOf(address: string, port: number, path = ''): string {
  return `http://${address}:${port}${path}`
}

/**
 * Checks from here, as a user would reach it, that everything which is open to the world is healthy at an address. What
 * is open to certain addresses only cannot be judged from here and is left to the check on the machine. What is to
 * demand a token must refuse us, who show none.
 * @param identityOf what the answers of a container must carry, so that this launch of it answers and nobody else
 * @param inside the last words of a container on its machine: asked of those that do not answer
 * @throws Failure that names the first port that does not answer
 */
export async function checkPublicPorts(
  address: string,
  ports: readonly Port[],
  phase: Phase,
  signal: AbortSignal,
  emit: Emit,
  identityOf: (container: string) => string | undefined,
  inside: (container: string) => Promise<LastWords>,
): Promise<void> {
  await Promise.all(
    ports.map(async (port) => {
      if (port.expose !== 'public') {
        emit({ phase, step: port.name, state: 'skipped', detail: 'not open to the world: checked on the machine' })
        return
      }
      let seen = ''
      const ask = async () => {
        const answer = await checkHealth(address, port, identityOf(port.name))
        seen = answer.seen
        return answer.healthy || undefined
      }
      const healthy = await step(
        emit,
        { phase, step: port.name },
        (progress) => until(ask, { within: patience, signal, waiting: () => progress(seen) }),
        (healthy) => (healthy ? { state: 'done', detail: urlOf(address, port.port) } : { state: 'failed', detail: seen }),
      )
      if (!healthy) throw await whySilent(port, urlOf(address, port.port, port.health), seen, inside)
      if (port.demandsToken) await refuseOpen(port, address, signal)
    }),
  )
}

/**
 * Why a service that was healthy on its machine does not answer from outside: what its container says decides whether
 * the network is to blame.
 */
export async function whySilent(
  { name }: Port,
  url: string,
  seen: string,
  inside: (container: string) => Promise<LastWords>,
): Promise<Failure> {
  const { restarts, outOfMemory, log } = await inside(name).catch((error: Error) => ({
    restarts: 0,
    outOfMemory: false,
    log: [`Its log could not be read: ${error.message}`],
  }))
  if (restarts === 0 && !outOfMemory && seen.startsWith('HTTP 200 from '))
    return new Failure(`${name} is healthy on its machine, but something else answers from outside: ${seen}`, {
      on: url,
      log,
      likely: 'Another program, or another stage, has this address and port; or the address leads elsewhere by now.',
      next: `curl -v ${url}`,
    })
  if (restarts === 0 && !outOfMemory)
    return new Failure(`${name} is healthy on its machine but does not answer from outside: ${seen}`, {
      on: url,
      log,
      likely: seen.startsWith('HTTP ')
        ? 'It has got unhealthy since, or what stands between here and the machine answers in its place.'
        : 'This network does not let the port through, or the service listens on another interface.',
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
