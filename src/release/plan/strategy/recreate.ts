import { removedFirst } from '../capacity.ts'
import type { Replacement } from '../release-operations.ts'
import type { Work } from '../work.ts'
import { leftovers, retireLeftovers } from './retirements.ts'

/**
 * Removes the release that serves before anything is made, and the network with it, as the tutorial did: nothing serves
 * in between, and there is no way back. A network that the config names stays as it is.
 * @throws Failure when the account's quotas leave no room for a release even then
 */
export function recreate(work: Work): Replacement {
  const { state, network } = work
  const { serving, next } = state
  const left = leftovers(state)
  // Nothing may stand in the network when it goes.
  const first = [...(serving ? [serving.madeBy] : []), ...(state.network ? left : [])]
  const before = removedFirst(work, first, left)
  const later = left.filter((release) => !before.includes(release))
  const why = network ? `the config names ${network.vpcId} instead` : 'before it is made anew'
  return {
    before: before.map((release) =>
      release === serving?.madeBy
        ? {
            release,
            why: `before release ${next} is made`,
            interrupts: `Release ${serving.runs} is removed first: nothing serves until the new one is up.`,
          }
        : retireLeftovers(state, [release])[0]!,
    ),
    afterwards: retireLeftovers(state, later),
    network: state.network && { when: 'before', why },
    promotion: serving ? {} : { interrupts: 'Nothing serves now, so nothing is interrupted.' },
  }
}
