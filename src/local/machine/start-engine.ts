import { startStandIn } from './docker/engine.ts'
import { startDockerd } from './dockerd/dockerd.ts'
import type { Engine } from './engine.ts'
import type { InstanceFolder, Settings } from './folder.ts'

/**
 * Prepares the engine that the instance was launched with; this is the place where one is chosen.
 *
 * @param metadata where the metadata service answers
 * @throws Error when another machine process has this folder already
 */
export async function startEngine(folder: InstanceFolder, settings: Settings, metadata: string): Promise<Engine> {
  return settings.engine === 'docker' ? startDockerd(folder, settings, metadata) : startStandIn(folder, settings)
}
