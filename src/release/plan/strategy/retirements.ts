import { keptTag, releaseOf } from '../../stage/names.ts'
import type { StageState } from '../../state/stage-state.ts'

export interface Retirement {
  readonly release: number
  readonly why: string
  /** What users notice while it goes, in one sentence; absent: nothing. */
  readonly interrupts?: string
  /** Nothing reaches its machines by then, so no command does: they go without being drained. */
  readonly cutOff?: boolean
}

/** The releases that have resources and serve nobody. */
export function leftovers({ releases, serving }: StageState): number[] {
  return releases.filter((release) => release !== serving?.madeBy)
}

/** The removal of releases that serve nobody, each with why it is there. */
export function retireLeftovers({ instances }: StageState, releases: readonly number[]): Retirement[] {
  return releases.map((release) => {
    const kept = instances.find(({ tags }) => releaseOf(tags) === release && tags[keptTag] !== undefined)
    return { release, why: kept ? `it failed, and was kept for a look since ${kept.tags[keptTag]}` : 'left over by a run that did not end' }
  })
}
