import { Failure } from '../../config/failure.ts'
import type { Clients } from '../aws/clients.ts'
import { down } from '../aws/graph.ts'
import { Inventory } from '../aws/inventory.ts'
import { parametersBelow } from '../aws/parameters.ts'
import { until } from '../aws/retry.ts'
import type { Tell } from '../event.ts'
import { contentsOf, type Possession } from './contents.ts'
import { type Lease, leaseName } from './lease.ts'
import { ownerOf, parameterPath, type StageId } from './names.ts'
import { Phases, settled } from './phases.ts'
import { removeMachine, removeNetwork } from './retire.ts'
import { resourcesOf } from './situation.ts'
import { stageResources } from './stage-resources.ts'

/** What there was and went, and what a second look still found. */
export interface Receipt {
  readonly removed: readonly Possession[]
  readonly left: readonly Possession[]
  /** Why something could not be removed, with what blocks it. */
  readonly failure: Failure | undefined
  readonly seconds: number
}

/** AWS may show what was deleted for a while; only what is still there after this many seconds is left: few, when it is known already that something is. */
const settling = { well: 30, failed: 2 }

/**
 * Removes everything a stage has, by its app and stage alone, and looks again at the end. Its parameters go together with the lease, so that nothing is
 * forgotten before all else is gone. What could not be removed is not thrown: it is on the receipt, with the reason.
 * @throws the signal's reason when it is interrupted, or the lease is lost
 */
export async function destroy(clients: Clients, id: StageId, lease: Lease, signal: AbortSignal, tell: Tell): Promise<Receipt> {
  const start = performance.now()
  const all = AbortSignal.any([signal, lease.signal])
  const phases = new Phases(tell)
  const [{ inventory, releases }, parameters] = await Promise.all([resourcesOf(clients, id), ownParameters(clients, id)])
  const { elasticIp, profile, repository } = stageResources(id, [])
  const context = { clients, inventory, signal: all, tell }
  // What stands in a VPC is looked up while the machines go. Where that fails, the removal that asks for it fails first.
  const contents = contentsOf(inventory)
  contents.catch(() => undefined)
  let failure: Failure | undefined
  try {
    await phases.run('destroy', () => {
      const machines = releases.map((release) => removeMachine(context, id, release, 'destroy'))
      // Side by side and each to its end: what blocks one stack must not keep the rest.
      return settled<unknown>([
        ...releases.map((release, index) => machines[index]!.then(() => removeNetwork(context, id, release, 'destroy'))),
        // An address is free as soon as no machine has it.
        Promise.allSettled(machines).then(() => down([elasticIp], context, 'destroy')),
        down([profile, profile.needs.role, repository], context, 'destroy'),
      ])
    })
  } catch (error) {
    if (all.aborted || !(error instanceof Failure)) throw error
    failure = error
  }
  const left = await phases.run('receipt', async () => {
    let remaining: Possession[] = []
    await until(
      async () => {
        remaining = await contentsOf(new Inventory(clients, ownerOf(id)))
        return remaining.length === 0 || undefined
      },
      {
        within: failure ? settling.failed : settling.well,
        signal: all,
        waiting: () => tell({ phase: 'receipt', state: 'progress', detail: `${remaining.length} still shown` }),
      },
    )
    return remaining
  })
  lease.takeAlong(parameters)
  const there = new Set(left.map((possession) => possession.id))
  const removed = [...(await contents), ...parameters.map((name) => ({ kind: 'parameter', id: name }))]
  return { removed: removed.filter((possession) => !there.has(possession.id)), left, failure, seconds: (performance.now() - start) / 1000 }
}

/** The stage's parameters but its lease, which goes last. */
async function ownParameters(clients: Clients, id: StageId): Promise<string[]> {
  const names = (await parametersBelow(clients, parameterPath(id))).map(({ name }) => name)
  return names.filter((name) => name !== leaseName(id))
}
