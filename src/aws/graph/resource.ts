import type { Emit } from '../../report/event.ts'
import type { Clients } from '../clients.ts'
import type { Inventory } from './inventory.ts'

/** What a resource works with. */
export interface Context {
  readonly clients: Clients
  readonly inventory: Inventory
  readonly signal: AbortSignal
  readonly emit: Emit
  /** Told of what a removal took along that somebody else had made. */
  alsoRemoved?(kind: string, id: string): void
  /** For how many seconds a removal waits for what still uses a resource; 300 where nothing is said. */
  readonly detaching?: number
}

/** What a resource may say while it waits. */
export type Waiting = (detail: string) => void

// biome-ignore lint/suspicious/noExplicitAny: a graph holds resources of every shape; each keeps its own types
export type AnyResource = Resource<any, any, any>
export type Needs = Readonly<Record<string, AnyResource>>
export type OutputsOf<N extends Needs> = {
  readonly [K in keyof N]: N[K] extends { create(...input: never[]): Promise<infer Out> } ? Out : never
}

/**
 * One AWS resource, by what it needs. A create function sees the outputs of its needs and nothing else, so the graph
 * cannot disagree with the code.
 */
export interface Resource<Out, N extends Needs, Early extends keyof N = keyof N> {
  /** Unique in its graph, and what is shown to people: `vpc`, `repository ml-inference`. */
  readonly name: string
  readonly needs: N
  /**
   * Those of its needs without which it cannot be made, where it needs the others only to be settled: making it does
   * not wait for these.
   */
  readonly early?: readonly Early[]
  /** Those of its needs that may be removed while it is still there. */
  readonly survives?: readonly (keyof N)[]
  /** The resource as it is now. undefined: proven absent. Throws when it could not look. */
  find(context: Context): Promise<Out | undefined>
  /** Makes it, tagged in the create call itself, so that a crash right after leaves nothing that cannot be found. */
  create(up: Pick<OutputsOf<N>, Early>, context: Context, waiting: Waiting): Promise<Out>
  /**
   * Brings what was found or just made to what is wanted. May be repeated: a run that was killed before or in it is
   * repaired by the next.
   */
  settle?(out: Out, up: OutputsOf<N>, context: Context, waiting: Waiting): Promise<Out>
  /** Resolves when it is gone, also when it was gone already. */
  remove(out: Out, context: Context, waiting: Waiting): Promise<void>
  /**
   * Takes out of it what others put there and what may go with it; asked each time AWS says that something still uses
   * it.
   */
  clear?(out: Out, context: Context, waiting: Waiting): Promise<void>
  /** What keeps it from being removed, by name; for kinds where AWS does not say. */
  blockers?(out: Out, context: Context): Promise<string[]>
  /** How a person finds it in AWS: its id, its address. */
  label(out: Out): string
}

/** Infers a resource's types from its functions. */
export function resource<Out, const N extends Needs, const Early extends keyof N = keyof N>(
  spec: Resource<Out, N, Early>,
): Resource<Out, N, Early> {
  return spec
}
