import { Failure } from '../../config/failure.ts'
import type { Clients } from '../aws/clients.ts'
import { down } from '../aws/graph.ts'
import { deleteParameters, parametersBelow } from '../aws/parameters.ts'
import { until } from '../aws/retry.ts'
import type { Tell } from '../event.ts'
import { type Lease, leaseName } from './lease.ts'
import { parameterPath, type StageId } from './names.ts'
import { Phases, settled } from './phases.ts'
import { retire } from './retire.ts'
import { lookAt, type Situation } from './situation.ts'
import { stageResources } from './stage-resources.ts'

/** Something a stage has. */
export interface Remaining {
  readonly kind: string
  readonly id: string
}

/** What was there before, and what a second look found afterwards. */
export interface Receipt {
  readonly removed: readonly Remaining[]
  readonly left: readonly Remaining[]
  /** Why something could not be removed, with what blocks it. */
  readonly failure: Failure | undefined
  readonly seconds: number
}

/** AWS may show what was deleted for a while; only what is still there after this many seconds is left: few, when it is known already that something is. */
const settling = { well: 30, failed: 2 }

/**
 * Removes everything a stage has, by its app and stage alone, and looks again at the end. What could not be removed is not thrown: it is on the receipt, with the
 * reason.
 * @throws the signal's reason when it is interrupted, or the lease is lost
 */
export async function destroy(clients: Clients, id: StageId, lease: Lease, signal: AbortSignal, tell: Tell): Promise<Receipt> {
  const start = performance.now()
  const all = AbortSignal.any([signal, lease.signal])
  const phases = new Phases(tell)
  const [before, parameters] = await Promise.all([lookAt(clients, id), ownParameters(clients, id)])
  const stage = stageResources(
    id,
    before.repositories.map(({ name }) => name.slice(name.lastIndexOf('/') + 1)),
  )
  const context = { clients, inventory: before.inventory, signal: all, tell }
  let failure: Failure | undefined
  try {
    await phases.run('destroy', () =>
      // Side by side and each to its end: what blocks one stack must not keep the rest.
      settled<unknown>([
        retire(clients, id, [...before.stacks.keys()], 'destroy', all, tell, { drain: false, inventory: before.inventory }),
        down([stage.elasticIp, stage.profile, stage.profile.needs.role, ...stage.repositories], context, 'destroy'),
        deleteParameters(clients, parameters),
      ]),
    )
  } catch (error) {
    if (all.aborted || !(error instanceof Failure)) throw error
    failure = error
  }
  const left = await phases.run('receipt', async () => {
    let remaining: Remaining[] = []
    await until(
      async () => {
        const [now, names] = await Promise.all([lookAt(clients, id), ownParameters(clients, id)])
        remaining = [...contentsOf(now), ...names.map(parameter)]
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
  return { removed: [...contentsOf(before), ...parameters.map(parameter)], left, failure, seconds: (performance.now() - start) / 1000 }
}

/** The stage's parameters but its lease, which goes last. */
async function ownParameters(clients: Clients, id: StageId): Promise<string[]> {
  const names = (await parametersBelow(clients, parameterPath(id))).map(({ name }) => name)
  return names.filter((name) => name !== leaseName(id))
}

function parameter(name: string): Remaining {
  return { kind: 'parameter', id: name }
}

/** Everything a look found, as a flat list. */
export function contentsOf(situation: Situation): Remaining[] {
  const { elasticIp, role, profile, repositories, stacks } = situation
  return [
    ...[...stacks.values()].flat().map(({ kind, id }) => ({ kind, id })),
    ...(elasticIp ? [{ kind: 'elastic ip', id: `${elasticIp.id} ${elasticIp.address}` }] : []),
    ...(profile ? [{ kind: 'instance profile', id: profile.name }] : []),
    ...(role ? [{ kind: 'role', id: role.name }] : []),
    ...repositories.map(({ name }) => ({ kind: 'repository', id: name })),
  ]
}
