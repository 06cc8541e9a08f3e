import type { Store } from '../../cloud.ts'
import type { Instance } from '../../records.ts'
import { find } from '../kinds.ts'

/** For how long AWS still shows a terminated instance, in ms: about an hour. */
export const visibleAfterEnd = 60 * 60_000

/**
 * Instances whose network interface still stands in its subnet and groups: all but the terminated, and those for a
 * while where a fault rule says so.
 */
export function liveInstances(store: Store, now = Date.now()): Instance[] {
  return store.list('instance').filter((instance) => {
    if (instance.State !== 'terminated') return true
    return typeof instance.LingerMs === 'number' && now < (instance.TerminatedAt ?? 0) + instance.LingerMs
  })
}

/** The named instances, each once. Throws ApiError InvalidInstanceID.NotFound. */
export function findInstances(store: Store, ids: readonly string[] = []): Instance[] {
  return [...new Set(ids)].map((id) => find(store, 'instance', id))
}

/** Forgets the instances whose time of being shown is over. */
export function forgetEnded(store: Store, now = Date.now()): void {
  for (const { State, TerminatedAt = now, InstanceId } of store.list('instance')) {
    if (State === 'terminated' && now - TerminatedAt > visibleAfterEnd) store.delete('instance', InstanceId)
  }
}
