import type { Clients } from '../../aws/clients.ts'
import type { Emit } from '../../report/event.ts'
import type { StageId } from '../stage/names.ts'
import type { OwnedResource } from '../stage/owned-resources.ts'
import type { Lease } from '../state/lease.ts'
import { resourcesOf } from '../state/stage-state.ts'
import type { AnyOperation, Operation } from './operation.ts'
import {
  elasticIpRemoval,
  lookAgain,
  machineRemoval,
  networkRemoval,
  ownParameters,
  parameterRemoval,
  type RemovalWork,
  stageRemoval,
} from './operations/removal.ts'

/** Everything that destroying a stage does, as a value. */
export interface DestroyPlan {
  readonly work: RemovalWork
  readonly operations: {
    readonly all: readonly AnyOperation[]
    readonly left: Operation<OwnedResource[]>
  }
  /** Names of the parameters that go with the lease. */
  readonly parameters: readonly string[]
  /** What others had made in the stage's network and went with it, once it has been carried out. */
  readonly taken: readonly OwnedResource[]
}

/** Looks at what a stage has, by its app and stage alone, and plans to remove all of it. Nothing is changed. */
export async function planDestroy(clients: Clients, id: StageId, lease: Lease, emit: Emit): Promise<DestroyPlan> {
  const [resources, parameters] = await Promise.all([resourcesOf(clients, id), ownParameters({ clients, id })])
  const work: RemovalWork = { clients, inventory: resources.inventory, emit, id, resources }
  const machines = resources.releases.map((release) => machineRemoval(work, release))
  const taken: OwnedResource[] = []
  const removals = [...machines, networkRemoval(work, machines, taken), elasticIpRemoval(work, machines), stageRemoval(work)]
  const left = lookAgain(work, removals)
  const all = [...removals, left, parameterRemoval(lease, parameters, [left])]
  return { work, operations: { all, left }, parameters, taken }
}
