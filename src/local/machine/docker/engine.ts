import type { InstanceFolder, Settings } from '../folder.ts'

/** The container engine of an instance. */
export interface Engine {
  /** Starts what has to run after a boot. */
  boot(): Promise<void>
  /** Kills every container, as a machine does that is switched off. */
  powerOff(): Promise<void>
  /** Stops answering; containers live on. */
  close(): Promise<void>
}

export async function startEngine(_folder: InstanceFolder, _settings: Settings): Promise<Engine> {
  return { async boot() {}, async powerOff() {}, async close() {} }
}
