import { type InstanceFolder, memoryFolder, type Settings } from '../folder.ts'
import { openContainers } from './containers/containers.ts'
import { createEcrLogin } from './images/ecr-login.ts'
import { openImages } from './images/images.ts'
import { openNetworks } from './networks.ts'
import { openVolumes } from './volumes.ts'

/** Everything that the container engine of an instance has. */
export type Docker = ReturnType<typeof openDocker>

export function openDocker(folder: InstanceFolder, settings: Settings) {
  const ecrLogin = createEcrLogin(folder, settings)
  const images = openImages(folder.docker)
  const networks = openNetworks(folder.docker)
  const volumes = openVolumes(folder.docker, memoryFolder(folder, settings.instanceId))
  const containers = openContainers(folder, settings, images, volumes)
  return { folder, settings, ecrLogin, images, containers, networks, volumes }
}
