import type { Phase } from '../../report/event.ts'

/** What an operation does to what it is about: makes it, keeps it, changes it, removes it, replaces it by a new one. */
export type Glyph = '+' | ' ' | '~' | '-' | '-/+'

/** One line of a printed plan. */
export interface PlanLine {
  readonly glyph: Glyph
  readonly what: string
  readonly detail: string
}

/** What an operation works with beside its inputs. */
export interface OperationContext {
  /** Aborted when the run is to stop: by the user, by a lost lease, or because another operation has failed. */
  readonly signal: AbortSignal
  /** Aborted when nothing may be changed any more, not even to take something back: the lease was lost. */
  readonly undoSignal: AbortSignal
  /** Says how far it is. */
  progress(detail: string): void
  /** How many seconds each phase of the run has taken so far. */
  seconds(): Readonly<Record<string, number>>
  /** Whether another operation of the run has failed. */
  failed(): boolean
}

// biome-ignore lint/suspicious/noExplicitAny: a plan holds operations of every shape; each keeps its own types
export type AnyOperation = Operation<any, any, any>
export type Operations = Readonly<Record<string, AnyOperation>>
export type ResultsOf<N extends Operations> = {
  readonly [K in keyof N]: N[K] extends { run(...input: never[]): Promise<infer Out> } ? Out : never
}
type PromisesOf<N extends Operations> = { readonly [K in keyof N]: Promise<ResultsOf<N>[K]> }

/**
 * One step of a plan as a value: it can be printed, timed, carried out and undone. It is the same value that is printed
 * and that runs, so a plan cannot promise what a run does not do. A function sees the results of the operations that it
 * names and nothing else.
 */
export interface Operation<Out = void, Needs extends Operations = Operations, Meanwhile extends Operations = Operations> {
  readonly phase: Phase
  /** What it is about, unique in its plan: `stack of release 6`, `push`. */
  readonly title: string
  /** How it is shown before it runs: at least one line, and one for each thing that people want to see there. */
  readonly lines: readonly PlanLine[]
  /** Its work tells of its own steps, so that the run need not tell of it. */
  readonly quiet?: boolean
  /** Operations whose results it works with: it begins when all of them are done. */
  readonly needs?: Needs
  /** Operations whose results it needs only in the end: it begins without them and waits for each where it uses it. */
  readonly meanwhile?: Meanwhile
  /** Operations that have to have ended before, whatever came of them where the run goes on after failures. */
  readonly after?: readonly AnyOperation[]
  /** What users notice while it runs, in one sentence; absent: nothing. */
  readonly interrupts?: string
  /** Once it is done nothing of the run is undone any more, whatever fails later: its result is what users have. */
  readonly final?: boolean
  run(inputs: ResultsOf<Needs> & PromisesOf<Meanwhile>, context: OperationContext): Promise<Out>
  /** What came of it in a few words: an id, an address, a size. */
  label?(out: Out): string
  /** Takes back what `run` did, or as much of it as it got done before it failed. */
  undo?(context: OperationContext): Promise<void>
}

/** Infers an operation's types from its functions. */
export function operation<Out, const Needs extends Operations = Operations, const Meanwhile extends Operations = Operations>(
  spec: Operation<Out, Needs, Meanwhile>,
): Operation<Out, Needs, Meanwhile> {
  return spec
}

/** The operations that have to be done, or at least to have begun, before this one can end. */
export function prerequisites({ needs, meanwhile, after }: AnyOperation): AnyOperation[] {
  return [...Object.values<AnyOperation>(needs ?? {}), ...Object.values<AnyOperation>(meanwhile ?? {}), ...(after ?? [])]
}
