import type { Config } from '../../config/config.ts'
import type { Clients } from '../aws/clients.ts'
import { machineType } from '../aws/machine-type.ts'
import { missingLayers } from '../aws/repository.ts'
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
  const previews = await Promise.all(
    [...images].map(async ([name, { digest, layers }]) => {
      const digests = layers.map((layer) => layer.digest)
      const missing = await missingLayers(clients, `${ownerOf(config).path}/${name}`, digests)
      const missingBytes = layers.filter((layer) => missing.has(layer.digest)).reduce((sum, layer) => sum + layer.size, 0)
      return [name, { digest, missingBytes }] as const
    }),
  )
  return new Map(previews)
}
