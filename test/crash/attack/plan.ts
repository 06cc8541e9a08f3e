import type { Attempt, Family } from './case.ts'
import { createRandom } from './random.ts'
import type { Target } from './target.ts'

/** A case by its number, which with the seed says all about it. */
export interface Planned {
  readonly family: Family
  readonly number: number
  /** Makes it; at the time, since some take a lot of memory. */
  make(target: Target): Attempt
}

/**
 * The cases of a run. A case's number says which family it is of and which turn it has there, whatever else is tried,
 * so that it can be tried again alone.
 *
 * @param numbers from 0
 */
export function planCases(families: readonly Family[], seed: number, numbers: readonly number[]): Planned[] {
  const most = Math.max(...families.map(({ weight }) => weight))
  // In rounds and not family by family: a few cases should be of every family.
  const cycle = Array.from({ length: most }, (_, round) => families.filter(({ weight }) => weight > round)).flat()
  return numbers.map((number) => {
    const place = number % cycle.length
    const family = cycle[place]!
    const before = cycle.slice(0, place).filter((other) => other === family).length
    const turn = Math.floor(number / cycle.length) * family.weight + before
    return { family, number, make: (target) => family.make(target, createRandom(seed * 1_000_003 + number), turn) }
  })
}
