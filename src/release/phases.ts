import type { Tell } from '../event.ts'

/** The phases of one run: tells when each starts and ends, and keeps how long each took. Phases may run side by side. */
export class Phases {
  /** Seconds by phase, in the order in which they ended. */
  readonly seconds: Record<string, number> = {}
  /** When each phase began, in seconds since the first one, and how long it took. */
  readonly timeline: { label: string; start: number; seconds: number }[] = []
  readonly #begin = performance.now()
  readonly tell: Tell

  constructor(tell: Tell) {
    this.tell = tell
  }

  async run<T>(phase: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now()
    const took = () => Math.round(performance.now() - start) / 1000
    const keep = () => {
      this.seconds[phase] = took()
      this.timeline.push({ label: phase, start: (start - this.#begin) / 1000, seconds: took() })
    }
    this.tell({ phase, state: 'started' })
    try {
      const result = await work()
      keep()
      this.tell({ phase, state: 'done', seconds: took() })
      return result
    } catch (error) {
      keep()
      this.tell({ phase, state: 'failed', seconds: took() })
      throw error
    }
  }
}

/**
 * Runs works side by side that belong together: when one fails the others are told to stop through their signal. It ends only when all of them have ended, so nothing
 * goes on behind the back of a clean-up, and throws the error that came first.
 */
export async function together<T extends readonly unknown[]>(
  signal: AbortSignal,
  works: { readonly [K in keyof T]: (signal: AbortSignal) => Promise<T[K]> },
): Promise<T> {
  const failed = new AbortController()
  const shared = AbortSignal.any([signal, failed.signal])
  let first: { error: unknown } | undefined
  const results = await Promise.allSettled(
    works.map((work) =>
      work(shared).catch((error) => {
        first ??= { error }
        failed.abort(error)
        throw error
      }),
    ),
  )
  if (first) throw first.error
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T
}

/** Waits for the end of every work, so that nothing goes on behind a clean-up, and throws the first error only then. */
export async function settled<T>(works: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(works)
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  return results.map((result) => (result as PromiseFulfilledResult<T>).value)
}
