import type { Emit, Phase } from '../../report/event.ts'
import { step } from '../../report/step.ts'
import { type AnyOperation, type OperationContext, type Operations, prerequisites } from './operation.ts'
import { phaseProgress, phaseSeconds } from './phase-progress.ts'
import { settled } from './settled.ts'

/** When an operation ran, in seconds since the run began. */
export interface OperationTiming {
  readonly phase: Phase
  readonly name: string
  readonly start: number
  readonly seconds: number
  /** Titles of the operations that it waited for. */
  readonly after: readonly string[]
}

/** How a run ended: with the results of its operations, or with the first error and what its clean-up could not do. */
export type Carried = { readonly timings: readonly OperationTiming[] } & (
  | { readonly ok: true; resultOf<Out>(operation: Yielding<Out>): Out }
  | {
      readonly ok: false
      readonly error: unknown
      readonly notUndone: readonly string[]
      /** Whether an operation was done after which nothing is undone. */
      readonly final: boolean
      /** Of an operation that was done all the same; undefined for every other. */
      resultOf<Out>(operation: Yielding<Out>): Out | undefined
    }
)

/** An operation by what it results in. */
interface Yielding<Out> {
  run(...input: never[]): Promise<Out>
}

export interface CarryOutOptions {
  readonly emit: Emit
  /** Aborted when the run is to stop. */
  readonly signal: AbortSignal
  /** Aborted when not even a clean-up may go on: the lease was lost, and somebody else may be at work. */
  readonly undoSignal: AbortSignal
  /**
   * Asked after a failure and before anything is undone; resolves to false where what was done has to stay. By default
   * it is undone.
   */
  readonly mayUndo?: () => Promise<boolean>
  /**
   * After a failure only what needs its result is left undone, and everything else goes on; by default the run stops.
   */
  readonly goOn?: boolean
}

/**
 * Carries out operations, each as soon as those that it names are done; ready ones never wait for each other. When one
 * fails the others are told to stop through their signal (unless the run goes on), all of them are waited for, and what
 * was begun is undone, the latest first, unless an operation that is `final` is done. Never throws: a failure of the
 * plan is a result.
 */
export async function carryOut(operations: readonly AnyOperation[], options: CarryOutOptions): Promise<Carried> {
  const { emit, undoSignal } = options
  const failed = new AbortController()
  const signal = AbortSignal.any([options.signal, undoSignal, failed.signal])
  const begin = performance.now()
  const since = () => (performance.now() - begin) / 1000
  const timings: OperationTiming[] = []
  const begun: AnyOperation[] = []
  const running = new Map<AnyOperation, Promise<unknown>>()
  const phases = phaseProgress(operations, emit)
  let first: { error: unknown } | undefined
  let final = false

  const promiseOf = (operation: AnyOperation): Promise<unknown> => {
    const known = running.get(operation) ?? perform(operation)
    running.set(operation, known)
    return known
  }

  const perform = async (operation: AnyOperation): Promise<unknown> => {
    const { phase, title, needs = {}, meanwhile = {}, after = [] } = operation
    const later = Object.fromEntries(Object.entries(meanwhile as Operations).map(([key, each]) => [key, promiseOf(each)]))
    // Whoever awaits it in its work hears of its failure; a work that fails before that must not leave it unheard.
    for (const promise of Object.values(later)) promise.catch(() => undefined)
    const inputs = await settled(Object.entries(needs as Operations).map(async ([key, each]) => [key, await promiseOf(each)] as const))
    await Promise.allSettled(after.map(promiseOf))
    signal.throwIfAborted()
    const start = since()
    const timing = () => ({
      phase,
      name: title,
      start,
      seconds: since() - start,
      after: prerequisites(operation).map((each) => each.title),
    })
    const work = async (progress: OperationContext['progress']) => {
      const context = { signal, undoSignal, progress, seconds: () => phaseSeconds(timings), failed: () => first !== undefined }
      const out = await operation.run({ ...Object.fromEntries(inputs), ...later } as never, context)
      if (operation.final) final = true
      return out
    }
    begun.push(operation)
    phases.begins(operation)
    try {
      const tell = operation.quiet ? () => undefined : emit
      const out = await step(tell, { phase, step: title }, work, (out) => ({ state: 'done', detail: operation.label?.(out) }))
      phases.done(operation)
      return out
    } catch (error) {
      first ??= { error }
      if (!options.goOn) failed.abort(error)
      throw error
    } finally {
      timings.push(timing())
    }
  }

  const results = new Map<unknown, unknown>()
  await Promise.allSettled(operations.map(async (operation) => results.set(operation, await promiseOf(operation))))
  // Where nothing failed and not everything ran, the run was told to stop before its next operation began.
  if (!first && results.size < operations.length) first = { error: signal.reason }
  phases.close()
  const resultOf = <Out>(operation: Yielding<Out>) => results.get(operation) as Out
  if (!first) return { ok: true, timings, resultOf }
  const notUndone = final || undoSignal.aborted ? [] : await undo(begun, options)
  return { ok: false, timings, error: first.error, notUndone, final, resultOf }
}

/** Takes back what was begun, the latest first. What goes wrong in that is returned: it must not hide the cause. */
async function undo(begun: readonly AnyOperation[], { emit, undoSignal, mayUndo }: CarryOutOptions): Promise<string[]> {
  const problems: string[] = []
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      problems.push((error as Error).message)
      return undefined
    }
  }
  if (mayUndo && !(await attempt(mayUndo))) return problems
  const undoable = begun.filter((operation) => operation.undo).toReversed()
  if (undoable.length === 0) return problems
  const phase = 'clear away'
  const work = async () => {
    for (const operation of undoable) {
      const context: OperationContext = {
        signal: undoSignal,
        undoSignal,
        progress: (detail) => emit({ phase, step: operation.title, state: 'progress', detail }),
        seconds: () => ({}),
        failed: () => true,
      }
      await attempt(() => operation.undo!(context))
    }
    return problems
  }
  return step(emit, { phase }, work, () => ({ state: problems.length === 0 ? 'done' : 'failed' }))
}
