import { setTimeout as pause } from 'node:timers/promises'
import type { Case } from './case.ts'
import { absent } from './kill.ts'
import { type Role, send } from './processes.ts'

/** Longer than anybody on the stage waits before asking somebody again, in ms. */
const frozenFor = 6000

/**
 * Stops the processes of these roles for some seconds and lets them go on, as when a computer is suspended or has no
 * time for them.
 */
export function frozen(names: readonly Role[], expected: Pick<Case, 'by' | 'untouched'>, what = names.join(', ')): Case {
  return {
    name: `freeze ${what} for ${frozenFor / 1000} s`,
    ...expected,
    impossible: (stage) => absent(stage, names),
    async disturb(stage, served) {
      const pids = (names.length === 0 ? [...stage.cast] : names).flatMap((name) => stage.playing(name))
      send(pids, 'SIGSTOP')
      try {
        await Promise.all([pause(frozenFor), served()])
      } finally {
        send(pids, 'SIGCONT')
      }
    },
  }
}
