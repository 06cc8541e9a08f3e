/** The parts that a run is told and timed in, in the order in which most runs meet them. */
export type Phase =
  | 'lock'
  | 'retire'
  | 'create'
  | 'build'
  | 'push'
  | 'launch'
  | 'verify'
  | 'promote'
  | 'monitor'
  | 'record'
  | 'clear away'
  | 'destroy'
  | 'receipt'

/**
 * What the rooms tell while they work. The deploy path emits events and never prints; `src/terminal` turns them into a
 * live list, into one line each (CI), or into nothing (`--json`, `--quiet`).
 */
export interface Event {
  /** The phase of the run this belongs to. */
  readonly phase: Phase
  /** What is worked on, unique within its phase: `vpc`, `ml-inference`. A phase's own event has no step. */
  readonly step?: string
  readonly state: 'started' | 'progress' | 'done' | 'failed' | 'skipped'
  /** A short addition to the step's name: an id, a size, `waiting for the instance profile`. */
  readonly detail?: string
  /** How long it took; set when it has ended. */
  readonly seconds?: number
}

/** Where events go. */
export type Emit = (event: Event) => void
