import type { Config } from '../../../config/config.ts'
import type { Strategy } from '../../../config/strategy.ts'
import type { AnyOperation, PlanLine } from './operation.ts'
import type { Price } from './price.ts'
import type { ReleaseOperations } from './release-operations.ts'

/** Everything a deploy will do, as a value: what is printed, confirmed and carried out is the same. */
export interface Plan {
  readonly release: number
  /** The account and the region in which it will be done. */
  readonly account: string
  readonly region: string
  readonly strategy: Strategy
  readonly operations: ReleaseOperations
  /** Releases whose stacks are removed because they serve nobody: what runs that were killed have left. */
  readonly leftovers: readonly number[]
  /** Releases whose stacks are removed before anything is made. */
  readonly first: readonly number[]
  /** The release that serves now and is retired. */
  readonly replaces: number | undefined
  /** What the config asks for and this deploy will not have, each as one sentence. */
  readonly missing: readonly string[]
  /** What the stage costs a month while it runs. */
  readonly price: Price
  /** Whether a deploy would launch anything else than what serves now; undefined while the images are not built. */
  readonly changes: boolean | undefined
  /** What users notice meanwhile, in one sentence. */
  readonly interrupts: string
}

/** A plan as a document, for machines: its operations by what they do. */
export interface PlanDocument extends Omit<Plan, 'operations'> {
  readonly app: string
  readonly stage: string
  readonly steps: readonly PlanLine[]
}

/** Every line of a plan, in the order of its operations. */
export function linesOf({ all }: { readonly all: readonly AnyOperation[] }): readonly PlanLine[] {
  return all.flatMap(({ lines }) => lines)
}

/** @param config whose plan it is */
export function planDocument({ operations, ...plan }: Plan, { app, stage }: Config): PlanDocument {
  return { app, stage, ...plan, steps: linesOf(operations) }
}
