import type { Metric, Registry } from 'prom-client'

/** What a histogram is, as prom-client has it. */
export interface HistogramOptions {
  readonly name: string
  readonly help: string
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[]
}

/** The observations under one combination of labels. */
export interface Series {
  /** @throws TypeError when the value is not a finite number: a sum that is none would stay none for ever */
  observe(value: number): void
}

type Labels<Label extends string> = Readonly<Record<Label, string | number>>

/**
 * A histogram that counts what every request observes: finding a bucket and two additions. prom-client's own looks up
 * the labels by name, checks them and makes a text of them for each observation, also where it is asked for one
 * combination beforehand; that was most of what instrumentation cost. Whoever observes often asks for a series once and
 * keeps it.
 */
export class Histogram<Label extends string = never> {
  readonly type = 'histogram'
  readonly aggregator = 'sum'
  readonly name: string
  readonly help: string
  readonly #buckets: readonly number[]
  readonly #series = new Map<string, Counts>()

  /** @throws Error when the registry has a metric of this name */
  constructor(registry: Registry, { name, help, buckets }: HistogramOptions) {
    this.name = name
    this.help = help
    this.#buckets = buckets
    // Of a metric a registry wants its name, and its values when somebody looks (prom-client's lib/registry.js); its
    // type only knows its own classes.
    registry.registerMetric(this as unknown as Metric)
  }

  /**
   * The series of a combination of labels, the same one for the same labels. It shows from now on, also with nothing in
   * it.
   */
  series(labels: Labels<Label>): Series {
    const key = JSON.stringify(labels)
    const found = this.#series.get(key)
    if (found) return found
    const made = new Counts(labels, this.#buckets)
    this.#series.set(key, made)
    return made
  }

  /** What the registry asks for: prom-client's `MetricObjectWithValues`. */
  async get() {
    const { name, help, type, aggregator } = this
    return { name, help, type, aggregator, values: [...this.#series.values()].flatMap((series) => series.values(name)) }
  }

  /** What the registry's `resetMetrics` calls. Series that somebody keeps go on counting from nothing. */
  reset(): void {
    for (const series of this.#series.values()) series.reset()
  }
}

class Counts implements Series {
  readonly #labels: Readonly<Record<string, string | number>>
  readonly #buckets: readonly number[]
  /** Of each bucket by itself, and last of what lies beyond them all. */
  readonly #counts: Float64Array
  #sum = 0

  constructor(labels: Readonly<Record<string, string | number>>, buckets: readonly number[]) {
    this.#labels = labels
    this.#buckets = buckets
    this.#counts = new Float64Array(buckets.length + 1)
  }

  observe(value: number): void {
    if (!Number.isFinite(value)) throw new TypeError(`${value} cannot be counted in a histogram.`)
    let bucket = 0
    while (bucket < this.#buckets.length && value > this.#buckets[bucket]!) bucket++
    this.#counts[bucket]!++
    this.#sum += value
  }

  values(name: string) {
    let count = 0
    const buckets = [...this.#counts].map((inBucket, bucket) => {
      count += inBucket
      return { metricName: `${name}_bucket`, labels: { le: this.#buckets[bucket] ?? '+Inf', ...this.#labels }, value: count }
    })
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: this.#labels, value: this.#sum },
      { metricName: `${name}_count`, labels: this.#labels, value: count },
    ]
  }

  reset(): void {
    this.#counts.fill(0)
    this.#sum = 0
  }
}
