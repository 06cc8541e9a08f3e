import { Failure } from '../report/failure.ts'
import type { RunOptions } from './deploy.ts'
import { carryOut } from './plan/carry-out.ts'
import type { DestroyPlan } from './plan/plan-destroy.ts'
import { type OwnedResource, ownedResourcesOf } from './stage/owned-resources.ts'

/** What there was and went, and what a second look still found. */
export interface Receipt {
  readonly removed: readonly OwnedResource[]
  readonly left: readonly OwnedResource[]
  /** Why something could not be removed, with what blocks it. */
  readonly failure: Failure | undefined
  readonly seconds: number
}

/**
 * Removes everything a stage has, and looks again at the end. What blocks one thing does not keep the rest. What could
 * not be removed is not thrown: it is on the receipt, with the reason.
 * @throws the signal's reason when it is interrupted, or the lease is lost
 */
export async function destroy({ work, operations, parameters }: DestroyPlan, { lease, signal }: RunOptions): Promise<Receipt> {
  const start = performance.now()
  // What stands in a VPC is looked up while the machines go. Where that fails, the removal that asks for it fails
  // first.
  const contents = ownedResourcesOf(work.inventory)
  contents.catch(() => undefined)
  const carried = await carryOut(operations.all, { emit: work.emit, signal, undoSignal: lease.signal, goOn: true })
  const error = carried.ok ? undefined : carried.error
  lease.signal.throwIfAborted()
  signal.throwIfAborted()
  const left = carried.resultOf(operations.left)
  if (left === undefined || (error !== undefined && !(error instanceof Failure))) throw error
  const there = new Set(left.map((resource) => resource.id))
  const all = [...(await contents), ...parameters.map((name) => ({ kind: 'parameter', id: name }))]
  const removed = all.filter((resource) => !there.has(resource.id))
  return { removed, left, failure: error, seconds: (performance.now() - start) / 1000 }
}
