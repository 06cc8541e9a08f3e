import { removedFirst } from '../capacity.ts'
import type { Replacement } from '../release-operations.ts'
import type { Work } from '../work.ts'
import { leftovers, retirement } from './retirements.ts'

/**
 * Builds a new machine beside the one that serves; the old one goes when the new one serves. Leftovers of other runs go
 * first only where there is no room beside them. The network stays, unless the config names another.
 * @throws Failure when the account's quotas leave no room for another release
 */
export function blueGreen(work: Work): Replacement {
  const { state, network } = work
  const { serving, next } = state
  const left = leftovers(state)
  const before = removedFirst(work, [], left)
  const later = left.filter((release) => !before.includes(release))
  return {
    before: before.map(retirement.leftover),
    afterwards: [...later.map(retirement.leftover), ...(serving ? [{ release: serving.madeBy, why: `when release ${next} serves` }] : [])],
    network: network && state.network && { when: 'afterwards', why: `the config names ${network.vpcId} instead` },
    promotion: {
      back: serving?.instance,
      interrupts: serving
        ? `Release ${serving.runs} serves until the new one is verified; then the address moves in one call.`
        : 'Nothing serves now, so nothing is interrupted.',
    },
  }
}
