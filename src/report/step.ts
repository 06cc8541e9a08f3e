import type { Emit, Event } from './event.ts'

/** How a step ended whose work did not throw, with a few words on what came of it: an id, a size, a reason. */
export interface StepOutcome {
  readonly state: 'done' | 'failed' | 'skipped'
  readonly detail?: string | undefined
}

/**
 * Does some work and tells that it started, and how it ended with the seconds that it took. Work that throws has
 * failed, with its message.
 * @param work gets a function that tells how far it is
 * @param outcomeOf how the step ended, by the result of its work; done where nothing is said
 * @returns what the work returns
 * @throws what the work throws
 */
export async function step<Out>(
  emit: Emit,
  of: Pick<Event, 'phase' | 'step'>,
  work: (progress: (detail: string) => void) => Promise<Out>,
  outcomeOf: (out: Out) => StepOutcome = () => ({ state: 'done' }),
): Promise<Out> {
  const start = performance.now()
  const end = ({ state, detail }: StepOutcome) =>
    emit({ ...of, state, ...(detail !== undefined && { detail }), seconds: (performance.now() - start) / 1000 })
  emit({ ...of, state: 'started' })
  try {
    const out = await work((detail) => emit({ ...of, state: 'progress', detail }))
    end(outcomeOf(out))
    return out
  } catch (error) {
    end({ state: 'failed', detail: (error as Error).message })
    throw error
  }
}
