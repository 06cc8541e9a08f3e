import { binOf, stabilityIndex } from './baseline.ts'
import type { Bins } from './manifest.ts'

/** How one feature, or the predictions, are distributed, against how they were in the training. */
export interface Distribution {
  observe(value: number): void
  /** The population stability index of the latest values; undefined where there are too few. */
  index(): number | undefined
  /** How many values have fallen into each bin since the start, by the bin's interval. */
  totals(): { readonly bin: string; readonly count: number }[]
}

/**
 * Counts values in the bins of the training.
 *
 * Two windows of counts follow each other, and the index is that of both together: so it looks back at least one window
 * and less than two, and a change shows however long the service has been running.
 */
export function createDistribution(
  { edges, shares }: Bins,
  { minimumRows, windowRows }: { minimumRows: number; windowRows: number },
): Distribution {
  const names = shares.map((_, bin) => `${bin === 0 ? '-Inf' : edges[bin - 1]}..${edges[bin] ?? '+Inf'}`)
  const totals = new Float64Array(shares.length)
  let last = new Float64Array(shares.length)
  let current = new Float64Array(shares.length)
  let seen = 0
  let lastSeen = 0
  return {
    observe(value) {
      if (seen >= windowRows) {
        ;[last, current] = [current, last.fill(0)]
        ;[lastSeen, seen] = [seen, 0]
      }
      const bin = binOf(edges, value)
      current[bin]!++
      totals[bin]!++
      seen++
    },
    index() {
      if (seen + lastSeen < minimumRows) return undefined
      return stabilityIndex(
        shares,
        current.map((count, bin) => count + last[bin]!),
      )
    },
    totals: () => names.map((bin, index) => ({ bin, count: totals[index]! })),
  }
}
