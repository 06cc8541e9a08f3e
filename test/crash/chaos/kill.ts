import { kill } from '../../support/processes.ts'
import type { Case } from './case.ts'
import type { Role } from './processes.ts'
import type { Stage } from './stage.ts'

/** Kills all processes of these roles at once, with SIGKILL. */
export function killed(names: readonly Role[], expected: Pick<Case, 'by' | 'untouched'>): Case {
  return {
    name: `kill ${names.join(', ')}`,
    ...expected,
    impossible: (stage) => absent(stage, names),
    async disturb(stage) {
      kill(names.flatMap((name) => stage.playing(name)))
    },
  }
}

/** Which of these roles nobody plays; undefined when each has a process. */
export function absent(stage: Stage, names: readonly Role[]): string | undefined {
  const missing = names.filter((name) => !stage.cast.has(name))
  return missing.length === 0 ? undefined : `no process of its own: ${missing.join(', ')}`
}
