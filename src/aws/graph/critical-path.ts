import type { Timing } from './walk.ts'

interface Chain {
  readonly path: readonly Timing[]
  readonly seconds: number
}

/**
 * The chain of resources, each of which waited for the one before it, that took longest: however many others are worked
 * on beside it, a walk cannot be shorter.
 * @returns in the order of the work
 */
export function criticalPath(timings: readonly Timing[]): readonly Timing[] {
  const chains = new Map<string, Chain>()
  const chainTo = (timing: Timing): Chain => {
    const known = chains.get(timing.name)
    if (known) return known
    const { path, seconds } = longest(timings.filter(({ name }) => timing.after.includes(name)).map(chainTo))
    const chain = { path: [...path, timing], seconds: seconds + timing.seconds }
    chains.set(timing.name, chain)
    return chain
  }
  return longest(timings.map(chainTo)).path
}

function longest(chains: readonly Chain[]): Chain {
  return chains.reduce((best, each) => (each.seconds > best.seconds ? each : best), { path: [], seconds: 0 })
}
