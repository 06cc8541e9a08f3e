import { makeRoom } from '../capacity.ts'
import type { Replacement } from '../release-operations.ts'
import type { Work } from '../work.ts'
import { leftovers, retirement } from './retirements.ts'

/**
 * Removes the release that serves before anything is made, as the tutorial did: nothing serves in between, and there is no way back.
 * @throws Failure when the account's quotas leave no room for a release even then
 */
export function recreate({ situation, room }: Work): Replacement {
  const { serving, next } = situation
  const left = leftovers(situation)
  const first = serving ? [serving.release] : []
  const before = makeRoom(room, situation, first, left)
  const later = left.filter((release) => !before.includes(release))
  return {
    before: before.map((release) =>
      release === serving?.release ? { release, why: `before release ${next} is made` } : retirement.leftover(release),
    ),
    afterwards: later.map(retirement.leftover),
    promotion: {
      interrupts: serving
        ? `Release ${serving.release} is removed first: nothing serves until the new one is up.`
        : 'Nothing serves now, so nothing is interrupted.',
    },
  }
}
