import { Inventory } from '../aws/graph/inventory.ts'
import { Failure } from '../report/failure.ts'
import type { RunOptions } from './deploy.ts'
import { carryOut } from './plan/carry-out.ts'
import type { RemovalWork } from './plan/operations/removal.ts'
import type { DestroyPlan } from './plan/plan-destroy.ts'
import { ownerOf } from './stage/names.ts'
import { type OwnedResource, ownedResourcesOf } from './stage/owned-resources.ts'

/** What there was and went, and what a second look still found. */
export interface Receipt {
  readonly removed: readonly OwnedResource[]
  /** Of these, what others had made in the stage's network. */
  readonly taken: readonly OwnedResource[]
  readonly left: readonly OwnedResource[]
  /** Why something could not be removed, with what blocks it. */
  readonly failure: Failure | undefined
  readonly seconds: number
}

/**
 * Removes everything a stage has, and looks again at the end. What blocks one thing does not keep the rest. What could
 * not be removed is not thrown: it is on the receipt, with the reason.
 * @throws what interrupted it, with what is left, or the reason why the lease is lost
 */
export async function destroy({ work, operations, parameters, taken }: DestroyPlan, { lease, signal }: RunOptions): Promise<Receipt> {
  const start = performance.now()
  // What stands in a VPC is looked up while the machines go. Where that fails, the removal that asks for it fails
  // first.
  const contents = ownedResourcesOf(work.inventory)
  contents.catch(() => undefined)
  const carried = await carryOut(operations.all, { emit: work.emit, signal, undoSignal: lease.signal, goOn: true })
  const error = carried.ok ? undefined : carried.error
  lease.signal.throwIfAborted()
  if (signal.aborted) throw await interrupted(work, signal.reason)
  const left = carried.resultOf(operations.left)
  if (left === undefined || (error !== undefined && !(error instanceof Failure))) throw error
  const there = new Set(left.map((resource) => resource.id))
  const all = [...(await contents), ...taken, ...parameters.map((name) => ({ kind: 'parameter', id: name }))]
  const removed = all.filter((resource) => !there.has(resource.id))
  return { removed, taken, left, failure: error, seconds: (performance.now() - start) / 1000 }
}

/** Someone who stops a removal wants to know what goes on costing money. */
async function interrupted({ clients, id }: RemovalWork, reason: unknown): Promise<unknown> {
  if (!(reason instanceof Failure)) return reason
  const { message, details } = reason
  const next = `npx zx scripts/destroy.mjs --stage ${id.stage}`
  try {
    const left = await ownedResourcesOf(new Inventory(clients, ownerOf(id)))
    const names = left.map((resource) => `${resource.kind} ${resource.id}`)
    return new Failure(`${message} ${names.length > 0 ? `What is left: ${names.join(', ')}.` : 'Nothing is left.'}`, { ...details, next })
  } catch (error) {
    return new Failure(`${message} What is left could not be looked up: ${(error as Error).message}`, { ...details, next })
  }
}
