import type { Clients } from '../aws/clients.ts'
import type { Tell } from '../event.ts'
import { type Lease, type LeaseOwner, takeLease, thisOwner } from './lease.ts'
import type { StageId } from './names.ts'

/** How long a lease lives without renewal, in seconds; MLOPS_LEASE_SECONDS for networks that fail longer than that. */
function leaseSeconds(env: NodeJS.ProcessEnv = process.env): number {
  return Number(env.MLOPS_LEASE_SECONDS ?? 30)
}

/** Does `work` while this process, and no other, may change the stage. The lease is given back however the work ends. */
export async function withLease<T>(
  { clients, id, verb, signal, tell }: { clients: Clients; id: StageId; verb: string; signal: AbortSignal; tell: Tell },
  work: (lease: Lease, owner: LeaseOwner) => Promise<T>,
): Promise<T> {
  const owner = thisOwner(verb)
  const lease = await takeLease(clients, id, owner, leaseSeconds(), {
    signal,
    waiting: (detail) => tell({ phase: 'lock', step: id.stage, state: 'progress', detail }),
  })
  try {
    return await work(lease, owner)
  } finally {
    await lease.release()
  }
}
