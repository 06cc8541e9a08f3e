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

export const retirement = {
  leftover: (release: number): Retirement => ({ release, why: 'left over by a run that did not end' }),
}
