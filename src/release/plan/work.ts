import type { Config } from '../../../config/config.ts'
import type { Clients } from '../../aws/clients.ts'
import { type MachineType, machineType } from '../../aws/resources/machine-type.ts'
import type { Tell } from '../../report/event.ts'
import { type Recipes, recipesOf } from '../launch/images.ts'
import { type LeaseOwner, thisOwner } from '../state/lease.ts'
import { lookAt, type Situation } from '../state/stage-state.ts'
import { type Room, roomFor } from './capacity.ts'

/** What a plan is made from: what is wanted, what is there, how much room there is, and who asks. */
export interface Work {
  readonly config: Config
  readonly clients: Clients
  readonly situation: Situation
  readonly room: Room
  /** What AWS says of the machine that the config asks for. */
  readonly machine: MachineType
  readonly recipes: Recipes
  readonly owner: LeaseOwner
  readonly tell: Tell
}

/**
 * Looks at everything that a plan needs to know; nothing is changed.
 * @param verb what is going to be done, for the ledger: `deploy`
 */
export async function lookForPlan(clients: Clients, config: Config, tell: Tell, verb: string): Promise<Work> {
  const { type, fallbackTypes } = config.instance
  const [situation, machine] = await Promise.all([lookAt(clients, config), machineType(clients, type, fallbackTypes)])
  const room = await roomFor(clients, situation)
  return { config, clients, situation, room, machine, recipes: recipesOf(config), owner: thisOwner(verb), tell }
}
