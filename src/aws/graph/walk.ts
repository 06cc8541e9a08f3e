import type { Phase } from '../../report/event.ts'
import { Failure } from '../../report/failure.ts'
import { type StepOutcome, step } from '../../report/step.ts'
import { explain } from '../errors.ts'
import type { AnyResource, Context, Waiting } from './resource.ts'

/** When a resource was worked on, in seconds since the walk began. */
export interface Timing {
  readonly name: string
  readonly start: number
  readonly seconds: number
  /** Names of the resources that it waited for. */
  readonly after: readonly string[]
}

export interface Walked {
  /** Output by resource name. */
  readonly outputs: ReadonlyMap<string, unknown>
  readonly timings: readonly Timing[]
}

/** What came of the work on one resource. */
interface Done {
  readonly out: unknown
  readonly detail: string
}

/** What is done to one resource; undefined when there was nothing to do. */
export type Work = (resource: AnyResource, waiting: Waiting, outputs: ReadonlyMap<string, unknown>) => Promise<Done | undefined>

/**
 * Works on every resource as soon as those that come `before` it are done, and on all others meanwhile. A failure holds
 * up only what comes after it.
 * @throws one Failure with the first cause in full, the other causes and what was held up; the signal's reason when
 *   nothing but its abort ended the work
 */
export async function walk(
  all: readonly AnyResource[],
  before: (resource: AnyResource) => AnyResource[],
  context: Context,
  phase: Phase,
  work: Work,
): Promise<Walked> {
  const begin = performance.now()
  const outputs = new Map<string, unknown>()
  const timings: Timing[] = []
  const failures: { name: string; error: unknown }[] = []
  const skippedBecause = new Map<string, string>()
  const running = new Map<AnyResource, Promise<boolean>>()

  const run = (resource: AnyResource): Promise<boolean> => {
    const known = running.get(resource)
    if (known) return known
    const promise = perform(resource)
    running.set(resource, promise)
    return promise
  }
  const perform = async (resource: AnyResource): Promise<boolean> => {
    const prerequisites = before(resource)
    const ready = await Promise.all(prerequisites.map(run))
    const blocker = prerequisites[ready.indexOf(false)]
    if (blocker) {
      skippedBecause.set(resource.name, blocker.name)
      context.emit({ phase, step: resource.name, state: 'skipped', detail: `needs ${blocker.name}` })
      return false
    }
    const start = performance.now()
    const { name } = resource
    const timed = async (waiting: Waiting) => {
      context.signal.throwIfAborted()
      const result = await work(resource, waiting, outputs)
      if (result) outputs.set(name, result.out)
      const after = prerequisites.map((each) => each.name)
      timings.push({ name, start: (start - begin) / 1000, seconds: (performance.now() - start) / 1000, after })
      return result
    }
    const outcome = (result: Done | undefined): StepOutcome =>
      result ? { state: 'done', detail: result.detail } : { state: 'skipped', detail: 'not there' }
    try {
      await step(context.emit, { phase, step: name }, timed, outcome)
      return true
    } catch (error) {
      failures.push({ name, error })
      return false
    }
  }

  await Promise.all(all.map(run))
  // What ended because of the abort is no failure of its own.
  const { aborted, reason } = context.signal
  const causes = failures.filter(({ error }) => !(aborted && (error === reason || (error as Error).name === 'AbortError')))
  if (causes.length > 0) throw gather(causes, skippedBecause, phase)
  if (failures.length > 0) throw reason
  return { outputs, timings }
}

/** One error for a walk that failed: the first cause in full, the other causes and what was held up by name. */
function gather(failures: readonly { name: string; error: unknown }[], skippedBecause: ReadonlyMap<string, string>, phase: Phase): unknown {
  const [first, ...others] = failures as [{ name: string; error: unknown }, ...{ name: string; error: unknown }[]]
  const error = explain(first.error, `Could not ${phase} ${first.name}`, first.name)
  if (!(error instanceof Failure)) return error
  const also = others.map((other) => `Also failed: ${other.name}: ${(other.error as Error).message}`)
  const skipped = skippedBecause.size > 0 ? [`Held up by it: ${[...skippedBecause.keys()].join(', ')}`] : []
  const message = [error.message, ...also, ...skipped].join('\n')
  return new Failure(message, { ...error.details, cause: error.details.cause ?? error })
}
