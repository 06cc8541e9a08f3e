import type { Config } from '../../config/config.ts'
import type { Clients } from '../aws/clients.ts'
import { machineType } from '../aws/machine-type.ts'
import { missingLayers, repositoryName } from '../aws/repository.ts'
import type { Tell } from '../event.ts'
import { buildImages, type Recipes } from './images.ts'
import { ownerOf } from './names.ts'
import type { PlannedImage } from './plan.ts'

/** Builds the images of a config, as a deploy would, and asks the registry how much of each it lacks. Pushes nothing. */
export async function previewImages(
  clients: Clients,
  config: Config,
  { recipes }: Recipes,
  tell: Tell,
): Promise<Map<string, PlannedImage>> {
  const { architecture } = await machineType(clients, config.instance.type, config.instance.fallbackTypes)
  const images = await buildImages(recipes, architecture, tell)
  const all = [...images.values()].flatMap(({ layers }) => layers.map((layer) => layer.digest))
  const missing = await missingLayers(clients, repositoryName(ownerOf(config)), [...new Set(all)])
  const previews = [...images].map(([name, { digest, layers }]) => {
    // Deleted as it is counted: a layer that several images have is uploaded once.
    const missingBytes = layers.filter((layer) => missing.delete(layer.digest)).reduce((sum, layer) => sum + layer.size, 0)
    return [name, { digest, missingBytes }] as const
  })
  return new Map(previews)
}
