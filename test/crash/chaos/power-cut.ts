import { rmSync } from 'node:fs'
import type { Case } from './case.ts'
import { cutPower } from './processes.ts'

/** Ends everything at once, and with it all that was in memory: nothing of a project starts when the computer does. */
export const powerCut: Case = {
  name: 'cut the power of the computer',
  by: 'command',
  async disturb(stage) {
    const instances = stage.instances()
    cutPower(stage.project.folder)
    forgetMemory(instances)
  },
}

/** What a machine keeps in memory does not survive the computer. On systems without this folder it lies on the disk. */
export function forgetMemory(instances: readonly string[]): void {
  for (const id of instances) rmSync(`/dev/shm/mlops-${id}`, { recursive: true, force: true })
}
