import type { StageState } from '../../state/stage-state.ts'
import type { Retirement } from '../release-operations.ts'

/** The releases that have resources and serve nobody. */
export function leftovers({ releases, serving }: StageState): number[] {
  return releases.filter((release) => release !== serving?.madeBy)
}

export const retirement = {
  leftover: (release: number): Retirement => ({ release, why: 'left over by a run that did not end' }),
}
