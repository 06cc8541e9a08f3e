import { removedFirst } from '../capacity.ts'
import type { Replacement } from '../release-operations.ts'
import type { Work } from '../work.ts'
import { leftovers, retirement } from './retirements.ts'

/**
 * Removes the release that serves before anything is made, as the tutorial did: nothing serves in between, and there is
 * no way back.
 * @throws Failure when the account's quotas leave no room for a release even then
 */
export function recreate({ state, capacity }: Work): Replacement {
  const { serving, next } = state
  const left = leftovers(state)
  const first = serving ? [serving.madeBy] : []
  const before = removedFirst(capacity, state, first, left)
  const later = left.filter((release) => !before.includes(release))
  return {
    before: before.map((release) =>
      release === serving?.madeBy
        ? {
            release,
            why: `before release ${next} is made`,
            interrupts: `Release ${serving.runs} is removed first: nothing serves until the new one is up.`,
          }
        : retirement.leftover(release),
    ),
    afterwards: later.map(retirement.leftover),
    promotion: serving ? {} : { interrupts: 'Nothing serves now, so nothing is interrupted.' },
  }
}
