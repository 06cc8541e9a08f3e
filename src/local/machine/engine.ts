/** The container engines that an instance may have: a stand-in that needs nothing but Node, and Docker itself. */
export const engineNames = ['stand-in', 'docker'] as const

export type EngineName = (typeof engineNames)[number]

/** The container engine of an instance. */
export interface Engine {
  /** Starts the engine if it is a program of its own, and what has to run after a boot. */
  boot(): Promise<void>
  /** Kills every container, as a machine does that is switched off. */
  powerOff(): Promise<void>
}
