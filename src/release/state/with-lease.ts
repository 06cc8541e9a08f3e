import type { Clients } from '../../aws/clients.ts'
import { explain } from '../../aws/errors.ts'
import type { Emit } from '../../report/event.ts'
import type { StageId } from '../stage/names.ts'
import { type Lease, takeLease } from './lease.ts'
import { type LeaseOwner, thisOwner } from './lease-owner.ts'

/** How long a lease lives without renewal, in seconds; MLOPS_LEASE_SECONDS for networks that fail longer than that. */
function leaseSeconds(env: NodeJS.ProcessEnv = process.env): number {
  return Number(env.MLOPS_LEASE_SECONDS ?? 30)
}

/**
 * Does `work` while this process, and no other, may change the stage. The lease is given back however the work ends.
 * @throws what the work throws; or a Failure when the work was done and its lease could not be given back, which ends
 *   by itself
 */
export async function withLease<T>(
  { clients, id, verb, signal, emit }: { clients: Clients; id: StageId; verb: string; signal: AbortSignal; emit: Emit },
  work: (lease: Lease, owner: LeaseOwner) => Promise<T>,
): Promise<T> {
  const owner = thisOwner(verb)
  const lease = await takeLease(clients, id, owner, leaseSeconds(), {
    signal,
    waiting: (detail) => emit({ phase: 'lock', step: id.stage, state: 'progress', detail }),
  })
  let result: T
  try {
    result = await work(lease, owner)
  } catch (error) {
    // The cause is what a person needs to hear; the lease ends by itself.
    await lease.release().catch((also: Error) => emit({ phase: 'lock', step: id.stage, state: 'failed', detail: also.message }))
    throw error
  }
  try {
    await lease.release()
  } catch (error) {
    const doing = `The ${verb} is done, but its lock could not be given back; it ends by itself within ${leaseSeconds()} s`
    throw explain(error, doing, `stage ${id.stage} of ${id.app}`)
  }
  return result
}
