import { setTimeout as sleep } from 'node:timers/promises'

export interface Patience {
  /** Seconds after which the last error is thrown, or `undefined` is returned by `until`. */
  readonly within: number
  readonly signal: AbortSignal
  /** The longest pause of `until`, in seconds: 2 where nothing is said. */
  readonly longest?: number
  /** Called before each further wait, with the seconds waited so far. */
  readonly waiting?: (seconds: number, error?: unknown) => void
}

/**
 * Pauses start at 0.2 s and grow to 2 s: well inside EC2's rate limits for filtered describe calls (about 20 a second).
 */
function pause(attempt: number, growth: number): number {
  return Math.min(2, 0.2 * growth ** attempt)
}

/** What was refused is tried again in ever longer pauses. */
const backOff = 1.5
/** What is waited for is asked for so often that no more than about a sixth of the wait is slept too long. */
const asking = 1.15

/**
 * Does `work` until it succeeds. An error for which `again` says no, or the last one when `within` is over, is thrown;
 * so is the signal's reason.
 */
export async function retry<T>(work: () => Promise<T>, again: (error: unknown) => boolean, patience: Patience): Promise<T> {
  const start = performance.now()
  for (let attempt = 0; ; attempt++) {
    patience.signal.throwIfAborted()
    try {
      return await work()
    } catch (error) {
      const waited = (performance.now() - start) / 1000
      if (!again(error) || waited + pause(attempt, backOff) > patience.within) throw error
      patience.waiting?.(waited, error)
      await sleep(pause(attempt, backOff) * 1000, undefined, { signal: patience.signal })
    }
  }
}

/** Asks `look` until it answers something else than undefined; undefined when `within` is over. */
export async function until<T>(look: () => Promise<T | undefined>, patience: Patience): Promise<T | undefined> {
  const start = performance.now()
  for (let attempt = 0; ; attempt++) {
    patience.signal.throwIfAborted()
    const answer = await look()
    if (answer !== undefined) return answer
    const waited = (performance.now() - start) / 1000
    const next = Math.min(pause(attempt, asking), patience.longest ?? Number.POSITIVE_INFINITY)
    if (waited + next > patience.within) return undefined
    patience.waiting?.(waited)
    await sleep(next * 1000, undefined, { signal: patience.signal })
  }
}
