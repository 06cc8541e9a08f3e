import type { Config } from '../../../config/config.ts'
import type { Clients } from '../../aws/clients.ts'
import { missingLayers, repositoryName } from '../../aws/resources/repository.ts'
import type { Emit } from '../../report/event.ts'
import { buildImages } from '../launch/images.ts'
import { ownerOf } from '../stage/names.ts'
import type { PlannedImages } from './operations/images.ts'
import type { Plan } from './plan.ts'
import { planDeploy } from './plan-deploy.ts'
import { type DeployOptions, lookForPlan, type Work } from './work.ts'

/** The plan of a deploy, with what each image is and how much of it has to be uploaded. Nothing is changed. */
export async function previewDeploy(clients: Clients, config: Config, emit: Emit, options?: DeployOptions): Promise<Plan> {
  const work = await lookForPlan(clients, config, emit, 'plan', options)
  return planDeploy(work, await previewImages(work))
}

/**
 * Builds the images of a config, as a deploy would, and asks the registry how much of each it lacks. Pushes nothing.
 */
async function previewImages({ clients, config, recipes, bases, machine, emit }: Work): Promise<PlannedImages> {
  const images = await buildImages(recipes.recipes, machine.architecture, bases.resolve, emit)
  const all = [...images.values()].flatMap(({ layers }) => layers.map((layer) => layer.digest))
  const missing = await missingLayers(clients, repositoryName(ownerOf(config)), [...new Set(all)])
  const previews = [...images].map(([name, { digest, layers }]) => {
    // Deleted as it is counted: a layer that several images have is uploaded once.
    const missingBytes = layers.filter((layer) => missing.delete(layer.digest)).reduce((sum, layer) => sum + layer.size, 0)
    return [name, { digest, missingBytes }] as const
  })
  return new Map(previews)
}
