import { type InstanceFolder, memoryFolder, type Settings } from '../folder.ts'
import { type Containers, openContainers } from './containers/containers.ts'
import { type Images, openImages } from './images/images.ts'
import { type Networks, openNetworks } from './networks.ts'
import { openVolumes, type Volumes } from './volumes.ts'

/** Everything that the container engine of an instance has. */
export interface Docker {
  readonly folder: InstanceFolder
  readonly settings: Settings
  readonly images: Images
  readonly containers: Containers
  readonly networks: Networks
  readonly volumes: Volumes
}

export function openDocker(folder: InstanceFolder, settings: Settings): Docker {
  const images = openImages(folder.docker)
  const networks = openNetworks(folder.docker)
  const volumes = openVolumes(folder.docker, memoryFolder(folder, settings.instanceId))
  const containers = openContainers(folder, settings, images, volumes)
  return { folder, settings, images, containers, networks, volumes }
}
