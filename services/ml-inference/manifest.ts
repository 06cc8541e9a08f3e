import { is, list, number, object, optional, pattern, text, whole } from './shape.ts'

/** How values were distributed in the training. */
export interface Bins {
  /** Ascending; the first bin lies below the first edge, the last one from the last edge on. */
  readonly edges: readonly number[]
  /** Of the training's values in each bin: one more than there are edges. They add up to 1. */
  readonly shares: readonly number[]
}

/** What `model.json` says, with its defaults. */
export interface Manifest {
  /** How the Open Inference Protocol and the metrics call the model. */
  readonly name: string
  /** Goes up whenever the same features would give another prediction. */
  readonly version: string
  /**
   * The output that `/predict` shows; the first one with floating-point numbers, or else with any, where nothing is
   * said.
   */
  readonly output?: string
  /** Names of the classes: as many as the output has numbers a row, or two where it has one. */
  readonly labels?: readonly string[]
  /** A request and its right answer: the model is ready once it gives it. */
  readonly golden: {
    readonly features: readonly number[]
    readonly prediction: number | readonly number[]
    /** How far the answer may be off, since processors round differently; 1e-6 where nothing is said. */
    readonly tolerance: number
  }
  readonly baseline?: {
    /** In the order of the columns, from the first one on. */
    readonly features: readonly (Bins & { readonly name: string })[]
    /** Of a prediction of several numbers: which of them was the largest. */
    readonly predictions?: Bins
    /** Fewer rows than this say nothing about a distribution; 200 where nothing is said. */
    readonly minimumRows: number
    /**
     * The latest rows that are compared: at least so many once there were, and less than twice as many. 5000 where
     * nothing is said.
     */
    readonly windowRows: number
  }
  /** What `readSettings` takes where the environment says nothing. */
  readonly limits: {
    readonly instances?: number
    readonly batchRows?: number
    readonly batchWaitMs?: number
    readonly queueRows?: number
    readonly answerValues?: number
  }
}

const edges = is(
  'at most 1000 numbers that ascend',
  (value) =>
    Array.isArray(value) &&
    value.length <= 1000 &&
    value.every((edge, index) => Number.isFinite(edge) && (index === 0 || edge > value[index - 1])),
)
const shares = is(
  'numbers from 0 to 1 that add up to 1',
  (value) =>
    Array.isArray(value) &&
    value.every((share) => Number.isFinite(share) && share >= 0) &&
    Math.abs(value.reduce((sum, share) => sum + share, 0) - 1) < 0.01,
)
const oneMore = is('one share more than edges', (value) => (value as Bins).shares.length === (value as Bins).edges.length + 1)

const manifest = object({
  name: pattern(/^[\w.-]{1,100}$/, 'letters, digits, dots, hyphens and underscores'),
  version: pattern(/^\d+\.\d+\.\d+(-[\w.-]+)?$/, 'a semantic version such as 1.0.0'),
  output: optional(text),
  labels: optional(list(text, 2)),
  golden: object({
    features: list(number, 1),
    prediction: (value, place) => (Array.isArray(value) ? list(number, 1) : number)(value, place),
    tolerance: optional(is('a number from 0 on', (value) => Number.isFinite(value) && Number(value) >= 0)),
  }),
  baseline: optional(
    object({
      features: optional(list(object({ name: text, edges, shares }, oneMore))),
      predictions: optional(object({ edges, shares }, oneMore)),
      minimumRows: optional(whole(1, 1e9)),
      windowRows: optional(whole(1, 1e9)),
    }),
  ),
  limits: optional(
    object({
      instances: optional(whole(1, 1e6)),
      batchRows: optional(whole(1, 1e6)),
      batchWaitMs: optional(whole(0, 60_000)),
      queueRows: optional(whole(1, 1e7)),
      answerValues: optional(whole(1, 1e7)),
    }),
  ),
})

const defaults = { features: [], minimumRows: 200, windowRows: 5000 }

/** The file as it may be written. */
type Written = Omit<Manifest, 'golden' | 'baseline'> & {
  readonly golden: Omit<Manifest['golden'], 'tolerance'> & { readonly tolerance?: number }
  readonly baseline?: Partial<NonNullable<Manifest['baseline']>>
}

/**
 * Reads a `model.json`.
 *
 * @param content the file's text
 * @param file its name, for messages
 * @throws Error with a finished sentence that names every problem and where it is
 */
export function readManifest(content: string, file: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(content)
  } catch (error) {
    throw new Error(`${file} is no JSON: ${(error as Error).message}`)
  }
  const problems = manifest(value, '')
  if (problems.length > 0) throw new Error(`${file} does not describe a model: ${problems.join('; ')}.`)
  const { golden, baseline, limits = {}, ...rest } = value as Written
  return {
    ...rest,
    golden: { ...golden, tolerance: golden.tolerance ?? 1e-6 },
    ...(baseline && { baseline: { ...defaults, ...baseline } }),
    limits,
  }
}
