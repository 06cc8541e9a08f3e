import type { Event } from '../../report/event.ts'

/** How one thing stands that is worked on. */
export interface Item {
  readonly name: string
  state: Event['state']
  detail: string
  /** When it was first heard of, in ms. */
  readonly began: number
  /** How long it took; absent while it runs. */
  seconds?: number
}

export interface Phase extends Item {
  readonly steps: Item[]
}

/**
 * The phases that are under way, in the order in which they began. A phase that has ended is taken off: it is shown
 * once more and is then part of the screen's history. Events that come late for it are dropped, except failures.
 */
export class Progress {
  readonly phases: Phase[] = []
  readonly #ended = new Set<string>()

  /**
   * Takes in an event that happened at `at` (ms). Returns the phase that it ended, or a late failure as a phase of its
   * own.
   */
  apply(event: Event, at: number): Phase | undefined {
    if (!event.step && event.state === 'started') this.#ended.delete(event.phase)
    const late = this.#ended.has(event.phase)
    if (late && event.state !== 'failed') return undefined

    const phase = this.phases.find((one) => one.name === event.phase) ?? this.#open(event.phase, at)
    if (event.step) {
      const known = phase.steps.find((one) => one.name === event.step)
      const step = known ?? { name: event.step, state: 'started', detail: '', began: at }
      if (!known) phase.steps.push(step)
      update(step, event, at)
      return late ? this.#close(phase) : undefined
    }
    update(phase, event, at)
    return finished(event.state) ? this.#close(phase) : undefined
  }

  #open(name: string, at: number): Phase {
    const phase: Phase = { name, state: 'started', detail: '', began: at, steps: [] }
    this.phases.push(phase)
    return phase
  }

  #close(phase: Phase): Phase {
    this.phases.splice(this.phases.indexOf(phase), 1)
    this.#ended.add(phase.name)
    return phase
  }
}

export function finished(state: Event['state']): boolean {
  return state === 'done' || state === 'failed' || state === 'skipped'
}

function update(item: Item, event: Event, at: number): void {
  item.state = event.state
  if (event.detail !== undefined) item.detail = event.detail
  else if (finished(event.state)) item.detail = ''
  if (finished(event.state)) item.seconds = event.seconds ?? (at - item.began) / 1000
  else delete item.seconds
}
