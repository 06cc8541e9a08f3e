import type { Bins } from './manifest.ts'

/**
 * How values were distributed when the model was trained: bins that hold the same share each, as far as equal values
 * allow.
 *
 * @param values at least one
 * @param count of bins at most
 * @returns edges with six digits, and the share of the values in each bin
 */
export function binsOf(values: readonly number[], count = 10): Bins {
  const sorted = values.toSorted((a, b) => a - b)
  const quantiles = Array.from({ length: count - 1 }, (_, index) => sorted[Math.floor(((index + 1) * sorted.length) / count)]!)
  const edges = [...new Set(quantiles.map((edge) => Number(edge.toPrecision(6))))].filter((edge) => edge > sorted[0]!)
  const counts = new Array<number>(edges.length + 1).fill(0)
  for (const value of sorted) counts[binOf(edges, value)]!++
  return { edges, shares: counts.map((each) => Number((each / sorted.length).toFixed(6))) }
}

/**
 * The bin that a value falls into: 0 below the first edge, and one more from each edge on.
 *
 * @param edges ascending
 */
export function binOf(edges: readonly number[], value: number): number {
  let low = 0
  let high = edges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (value < edges[middle]!) high = middle
    else low = middle + 1
  }
  return low
}

/**
 * The population stability index: how far a distribution is from the one of the training. Below 0.1 nothing has changed
 * to speak of; above 0.25 the model sees another population.
 *
 * @param expected shares of the bins, which add up to 1
 * @param counts observed in the same bins, at least one in all
 */
export function stabilityIndex(expected: readonly number[], counts: ArrayLike<number>): number {
  // An empty bin would make it infinite, so each has at least this share.
  const least = 1e-4
  let total = 0
  for (let bin = 0; bin < counts.length; bin++) total += counts[bin]!
  return expected.reduce((sum, share, bin) => {
    const [before, now] = [Math.max(share, least), Math.max(counts[bin]! / total, least)]
    return sum + (now - before) * Math.log(now / before)
  }, 0)
}
