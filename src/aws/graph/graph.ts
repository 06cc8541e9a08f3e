import type { Phase } from '../../report/event.ts'
import { Failure } from '../../report/failure.ts'
import { isAmbiguous, isBlocked, isNotFound, isThrottled } from '../errors.ts'
import { retry } from '../retry.ts'
import type { AnyResource, Context, Needs, Waiting } from './resource.ts'
import { type Walked, walk } from './walk.ts'

/**
 * How long EC2 and IAM may take until every one of their servers knows what was just made (Terraform's figures, in
 * seconds).
 */
const settling = 120
/** How long interfaces of a terminated instance may hold on to what is to be removed, in seconds. */
const detaching = 300

/** All resources that these ones stand on, each once, in an order in which every resource comes after its needs. */
export function closure(targets: readonly AnyResource[]): AnyResource[] {
  const seen = new Set<AnyResource>()
  const visit = (resource: AnyResource): void => {
    if (seen.has(resource)) return
    for (const need of Object.values(resource.needs as Needs)) visit(need)
    seen.add(resource)
  }
  for (const target of targets) visit(target)
  return [...seen]
}

/**
 * Finds or creates every resource, each as soon as its needs are there; siblings never wait for each other. When one
 * fails, only what depends on it is left undone; what is under way is finished, so that nothing is created that nobody
 * waits for, and one Failure names the causes and what they held up.
 */
export async function up(targets: readonly AnyResource[], context: Context, phase: Phase): Promise<Walked> {
  const all = closure(targets)
  const done = new Map(all.map((resource) => [resource, Promise.withResolvers<unknown>()]))
  const make = async (resource: AnyResource, needs: Record<string, unknown>, waiting: Waiting) =>
    (await resource.find(context)) ?? (await create(resource, needs, context, waiting))

  const begun: Promise<unknown>[] = []
  const early = new Map<AnyResource, Promise<unknown>>()
  for (const resource of all) {
    if (!resource.early) continue
    const waiting: Waiting = (detail) => context.emit({ phase, step: resource.name, state: 'progress', detail })
    const needed = (resource.early as string[]).map(async (key) => [key, await done.get(resource.needs[key])!.promise])
    const making = Promise.all(needed).then((needs) => {
      const promise = make(resource, Object.fromEntries(needs), waiting)
      begun.push(promise)
      return promise
    })
    // Whoever needs it hears of its failure; where something else has failed before, nobody asks.
    making.catch(() => undefined)
    early.set(resource, making)
  }
  const walked = walk(
    all,
    (resource) => Object.values(resource.needs as Needs),
    context,
    phase,
    async (resource, waiting, outputs) => {
      const needs = Object.fromEntries(Object.entries(resource.needs as Needs).map(([key, need]) => [key, outputs.get(need.name)]))
      const out = await (early.get(resource) ?? make(resource, needs, waiting))
      const settle = resource.settle
      const settled = settle
        ? await retry(
            () => settle(out, needs, context, waiting),
            (error) => isNotFound(error) || isThrottled(error) || isAmbiguous(error),
            { within: settling, signal: context.signal },
          )
        : out
      done.get(resource)!.resolve(settled)
      return { out: settled, detail: resource.label(settled) }
    },
  )
  // What was begun early goes on where something else has failed, and is waited for like everything else.
  return walked.finally(() => Promise.allSettled(begun))
}

/**
 * Removes every one of these resources that exists, users before what they use: the walk of `up` with its edges turned.
 * What they need beyond this list stays.
 */
export async function down(all: readonly AnyResource[], context: Context, phase: Phase): Promise<Walked> {
  const users = (resource: AnyResource) => all.filter((other) => heldBy(other).includes(resource))
  return walk(all, users, context, phase, async (resource, waiting) => {
    const out = await resource.find(context)
    if (out === undefined) return undefined
    try {
      await retry(
        async () => {
          try {
            await resource.remove(out, context, waiting)
          } catch (error) {
            if (isNotFound(error)) return
            if (isBlocked(error)) await resource.clear?.(out, context, waiting)
            throw error
          }
        },
        (error) => isBlocked(error) || isThrottled(error),
        {
          within: context.detaching ?? detaching,
          signal: context.signal,
          waiting: (_seconds, error) => waiting(`still held: ${(error as Error).message}`),
        },
      )
    } catch (error) {
      throw isBlocked(error) ? await blockedFailure(resource, out, context, error) : error
    }
    return { out, detail: resource.label(out) }
  })
}

/** What cannot be removed as long as this is there. */
function heldBy({ needs, survives = [] }: AnyResource): AnyResource[] {
  return Object.entries(needs as Needs).flatMap(([key, need]) => (survives.includes(key) ? [] : [need]))
}

/** The failure to remove something that is still used, with the name of what uses it. */
async function blockedFailure(resource: AnyResource, out: unknown, context: Context, error: unknown): Promise<Failure> {
  const blockers = (await resource.blockers?.(out, context)) ?? []
  return new Failure(`Could not remove ${resource.name}: ${(error as Error).message}`, {
    on: resource.label(out),
    likely: blockers.length > 0 ? `It is used by ${blockers.join(', ')}.` : 'Something that this project did not make still uses it.',
    next: 'Remove what uses it, then run the same command again.',
    cause: error,
  })
}

/**
 * Makes a resource once. AWS may answer that a need does not exist yet, or that the rate is too high: then nothing was
 * made and the call is repeated. When no answer came it may or may not have been made: it is looked for by its tags
 * before it is made again.
 */
async function create(resource: AnyResource, needs: Record<string, unknown>, context: Context, waiting: Waiting): Promise<unknown> {
  const patience = { within: settling, signal: context.signal }
  const attempt = () =>
    retry(
      () => resource.create(needs, context, waiting),
      (error) => isNotFound(error) || isThrottled(error),
      {
        ...patience,
        waiting: (_seconds, error) => waiting(`waiting: ${(error as Error).message}`),
      },
    )
  for (let lost = 0; ; lost++) {
    try {
      return await attempt()
    } catch (error) {
      if (!isAmbiguous(error) || lost === 3) throw error
      waiting('the answer was lost: looking whether it was made')
      context.inventory.forget()
      const made = await resource.find(context)
      if (made !== undefined) return made
    }
  }
}
