import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../../support/client.ts'
import { kill } from '../../support/processes.ts'
import { ask } from './ask.ts'
import type { Case } from './case.ts'
import { absent } from './kill.ts'
import { forgetMemory } from './power-cut.ts'
import { cutPower, type Role } from './processes.ts'
import type { Stage } from './stage.ts'

/** For so long there is no room, in ms: several looks, scrapes and log lines of everybody find none. */
const fullFor = 5000

/** Fills the disk while records come in, kills some processes while it is full, and gives the room back. */
export function fullDisk(names: readonly Role[], expected: Pick<Case, 'by' | 'untouched'>): Case {
  return {
    name: names.length === 0 ? 'fill the disk' : `fill the disk, kill ${names.join(', ')}`,
    ...expected,
    impossible: (stage) => impossible(stage) ?? absent(stage, names),
    async disturb(stage, served) {
      await whileFull(stage, async () => {
        kill(names.flatMap((name) => stage.playing(name)))
        await Promise.all([pause(fullFor), served()])
      })
    },
  }
}

/** Ends everything while the disk is full, and gives the room back. */
export const powerCutWhileFull: Case = {
  name: 'fill the disk, cut the power',
  by: 'command',
  impossible,
  disturb: (stage) =>
    whileFull(stage, async () => {
      const instances = stage.instances()
      cutPower(stage.project.folder)
      forgetMemory(instances)
    }),
}

function impossible({ disk }: Stage): string | undefined {
  return disk ? undefined : 'this system does not let us mount a small disk'
}

async function whileFull(stage: Stage, work: () => Promise<void>): Promise<void> {
  const { disk } = stage
  disk!.fill()
  try {
    const refused = async () => (await ask(`${stage.url('data-ingestion')}/ingest`, { body: { mark: 'is there room?' } })).status !== 201
    await until(refused, 30, () => 'records are kept although the disk is full')
    await work()
  } finally {
    disk!.clear()
  }
}
