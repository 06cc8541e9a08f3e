import type { Config } from '../../config/config.ts'
import type { Clients } from '../aws/clients.ts'
import type { ElasticIp } from '../aws/elastic-ip.ts'
import { type Context, up } from '../aws/graph.ts'
import type { Instance } from '../aws/instance.ts'
import type { Inventory } from '../aws/inventory.ts'
import { type MachineType, machineType } from '../aws/machine-type.ts'
import type { Repository } from '../aws/repository.ts'
import type { Timing } from '../aws/walk.ts'
import type { Tell } from '../event.ts'
import type { Recipes } from './images.ts'
import type { Plan } from './plan.ts'
import { openPorts } from './ports.ts'
import type { Situation } from './situation.ts'
import { type Stack, stack } from './stack.ts'
import { type StageResources, stageResources } from './stage-resources.ts'
import { userData } from './user-data.ts'

/** The resources of a release that is about to be made, and those of its stage. */
export interface Creation {
  readonly clients: Clients
  readonly inventory: Inventory
  /** Of the machine, and so of its images. */
  readonly architecture: string
  readonly stage: StageResources
  readonly stack: Stack
}

/** What AWS says of the machine that a config asks for. It can be asked while the stage is looked at. */
export function chooseMachine(clients: Clients, { instance }: Config): Promise<MachineType> {
  return machineType(clients, instance.type, instance.fallbackTypes)
}

/** Says what will be created, and creates nothing. Asks AWS about the machine where that has not been done. */
export async function planCreation({
  config,
  clients,
  situation,
  machine,
  recipes,
  plan,
}: {
  config: Config
  clients: Clients
  situation: Situation
  machine?: MachineType | undefined
  recipes: Recipes
  plan: Pick<Plan, 'release'>
}): Promise<Creation> {
  const { diskGiB } = config.instance
  const { architecture, imageId, types, zone } = machine ?? (await chooseMachine(clients, config))
  const stage = stageResources(
    config,
    recipes.recipes.map(({ name }) => name),
  )
  return {
    clients,
    inventory: situation.inventory,
    architecture,
    stage,
    stack: stack(config, plan.release, stage.profile, {
      machine: { imageId, types, diskGiB, userData },
      zone,
      open: openPorts(config),
    }),
  }
}

/** Finds or creates the image repository of the stage. It is made apart from the stack, so that pushing need not wait for it. */
export async function createRepository(creation: Creation, signal: AbortSignal, tell: Tell): Promise<Repository> {
  const { repository } = creation.stage
  const { outputs } = await up([repository], contextOf(creation, signal, tell), 'create')
  return outputs.get(repository.name) as Repository
}

/** Finds or creates everything else, until the machine runs; and says how long each resource took. */
export async function createStack(creation: Creation, signal: AbortSignal, tell: Tell): Promise<[ElasticIp, Instance, readonly Timing[]]> {
  const { stage, stack } = creation
  const { outputs, timings } = await up([stage.elasticIp, stack.instance], contextOf(creation, signal, tell), 'create')
  return [outputs.get(stage.elasticIp.name) as ElasticIp, outputs.get(stack.instance.name) as Instance, timings]
}

function contextOf({ clients, inventory }: Creation, signal: AbortSignal, tell: Tell): Context {
  return { clients, inventory, signal, tell }
}
