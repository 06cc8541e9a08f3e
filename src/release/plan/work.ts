import type { Config } from '../../../config/config.ts'
import { callerOf } from '../../aws/caller.ts'
import type { Clients } from '../../aws/clients.ts'
import { type ExistingNetwork, lookAtNetwork } from '../../aws/resources/existing-network.ts'
import { type MachineType, machineType } from '../../aws/resources/machine-type.ts'
import type { Emit } from '../../report/event.ts'
import { type Bases, lookForBases } from '../launch/bases.ts'
import { cacheFolderOf, type Recipes, recipesOf } from '../launch/images.ts'
import { type LeaseOwner, thisOwner } from '../state/lease-owner.ts'
import { lookAt, type StageState } from '../state/stage-state.ts'
import { type Capacity, capacityFor } from './capacity.ts'
import { commitOf } from './commit.ts'
import { refuseTooSmall } from './memory.ts'

/** What a plan is made from: what is wanted, what is there, how much capacity there is, and who asks. */
export interface Work {
  readonly config: Config
  readonly clients: Clients
  /** The account of the credentials, twelve digits. */
  readonly account: string
  readonly state: StageState
  readonly capacity: Capacity
  /** What AWS says of the machine that the config asks for. */
  readonly machine: MachineType
  /** The network that the config names; undefined where the stage has one of its own. */
  readonly network: ExistingNetwork | undefined
  readonly recipes: Recipes
  /** What the images are laid on. */
  readonly bases: Bases
  /** Whether the machine of a release that fails stays for a look. */
  readonly keepFailed: boolean
  readonly owner: LeaseOwner
  /** The commit that the project's folder stands at; undefined where there is none. */
  readonly commit: string | undefined
  readonly emit: Emit
}

/** What somebody wants of one deploy, beside what the config says. */
export interface DeployOptions {
  /** Base images that are given by tags are asked for anew. */
  readonly updateBases?: boolean
  /** The machine of a release that fails stays for a look. */
  readonly keepFailed?: boolean
}

/**
 * Looks at everything that a plan needs to know; nothing is changed.
 * @param verb what is going to be done, for the ledger: `deploy`
 * @throws Failure for a machine that cannot be had, or that has too little memory for what is launched
 */
export async function lookForPlan(
  clients: Clients,
  config: Config,
  emit: Emit,
  verb: string,
  { updateBases = false, keepFailed = false }: DeployOptions = {},
): Promise<Work> {
  const { type, fallbackTypes } = config.instance
  const [state, machine, network, commit] = await Promise.all([
    lookAt(clients, config),
    machineType(clients, type, fallbackTypes),
    config.network && lookAtNetwork(clients, config.network),
    commitOf(config.folder),
  ])
  const recipes = recipesOf(config)
  // The role tells whose account it is, so there is a call for it at the first deploy only.
  const account = state.role?.arn.split(':')[4] ?? (await callerOf(clients)).account
  await refuseTooSmall(clients, config, recipes, machine)
  const [capacity, bases] = await Promise.all([
    capacityFor(clients, config.instance.type, state, machine),
    lookForBases(
      clients,
      state.repository,
      recipes.recipes.flatMap(({ base }) => base ?? []),
      { architecture: machine.architecture, cacheFolder: cacheFolderOf(config), update: updateBases },
    ),
  ])
  return { config, clients, account, state, capacity, machine, network, recipes, bases, keepFailed, owner: thisOwner(verb), commit, emit }
}
