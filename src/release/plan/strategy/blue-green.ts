import { isWayOutOf } from '../../../aws/resources/elastic-ip.ts'
import { type Serving, type StageState, servingRelease } from '../../state/stage-state.ts'
import { removedFirst } from '../capacity.ts'
import type { Replacement } from '../release-operations.ts'
import type { Work } from '../work.ts'
import { leftovers, type Retirement, retireLeftovers } from './retirements.ts'

/**
 * Builds a new machine beside the one that serves; the old one goes when the new one serves. Leftovers of other runs go
 * first only where there is no room beside them. The network stays, unless the config names another.
 * @throws Failure when the account's quotas leave no room for another release
 */
export function blueGreen(work: Work): Replacement {
  const { state, network } = work
  const { serving } = state
  const left = leftovers(state)
  const before = removedFirst(work, [], left)
  const later = left.filter((release) => !before.includes(release))
  return {
    before: retireLeftovers(state, before),
    afterwards: [...retireLeftovers(state, later), ...(serving ? [replaced(state, serving)] : [])],
    network: network && state.network && { when: 'afterwards', why: `the config names ${network.vpcId} instead` },
    promotion: { back: serving, interrupts: interrupts(state) },
  }
}

function replaced({ elasticIp, next }: StageState, { madeBy, instance }: Serving): Retirement {
  const why = `when release ${next} serves`
  if (!isWayOutOf(elasticIp, instance)) return { release: madeBy, why }
  return { release: madeBy, why: `${why}, not drained: without the address no command reaches its machine`, cutOff: true }
}

function interrupts(state: StageState): string {
  const { serving } = state
  if (!serving || servingRelease(state) === undefined) return 'Nothing serves now, so nothing is interrupted.'
  return `Release ${serving.runs} serves until the new one is verified; then it lets its clients go and the address moves in one call, which cuts only requests in flight at that very moment.`
}
